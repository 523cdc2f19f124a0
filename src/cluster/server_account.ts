import { readFileSync } from "node:fs";

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Exists on every Unix and owns nothing. */
const unprivilegedName = "nobody";

/**
 * The account that Chirp servers started by us touch their files as: `nobody` when we are root, since chirp_server
 * refuses to serve as root; null when we are an ordinary user and they are simply ours.
 */
export function serverAccount(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((each) => each.startsWith(`${unprivilegedName}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined) {
    throw new Error(`Cannot start chirp_server as root: no user "${unprivilegedName}" in /etc/passwd to serve as`);
  }
  return { name: unprivilegedName, uid: Number(uid), gid: Number(gid) };
}

/** What `unix` authentication will call us; null when our user id has no name, and `hostname` has to do. */
export function ownName(): string | null {
  // Bun's os.userInfo() believes $USER, the server asks the user database.
  const id = Bun.spawnSync(["id", "-un"], { stderr: "ignore" });
  const name = id.stdout.toString().trim();
  return id.success && name !== "" ? name : null;
}
