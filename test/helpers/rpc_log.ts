import { readFile } from "node:fs/promises";

/** What a server was asked, from its log: the one measure of cost that a busy machine cannot blur. */
export interface RpcLog {
  /** The commands received, in order: "getlongdir /a". */
  rpcLog(): Promise<readonly string[]>;
  /** How often each command was received: { getlongdir: 2, getfile: 1 }. */
  countRpcs(): Promise<Readonly<Record<string, number>>>;
  /** Over how many connections: the server has a process for each. */
  countConnections(): Promise<number>;
  /** What was received up to now counts no longer. */
  forgetRpcs(): Promise<void>;
}

/** The commands of a Chirp server; its log holds other lines under the same heading. */
const commands = new Set(
  (
    "access audit chmod chown close fchmod fchown fgetxattr flistxattr fremovexattr fsetxattr fstat fstatfs fsync " +
    "ftruncate getacl getdir getfile getlongdir getstream getxattr hash lchown lgetxattr link listxattr llistxattr " +
    "localpath lremovexattr lsalloc lsetxattr lstat md5 mkalloc mkdir open pread putfile putstream pwrite readlink " +
    "removexattr rename resetacl rmall rmdir search setacl setrep setxattr sread stat statfs swrite symlink thirdput " +
    "ticket_create ticket_delete ticket_get ticket_list ticket_modify ticket_register truncate unlink utime whoami " +
    "whoareyou"
  ).split(" "),
);

/**
 * Reads the log of a chirp_server that runs with `-d chirp`. The server writes a command there before it acts on it, so
 * every command whose answer was seen is in it.
 *
 *     2026/11/22 16:14:11.26 chirp_server[5544] chirp: getlongdir /a
 */
export function createRpcLog(logFile: string): RpcLog {
  let forgotten = 0;

  const readAll = async () => {
    const lines = (await readFile(logFile, "latin1")).split("\n");
    return lines
      .map((line) => /^\S+ \S+ chirp_server\[(\d+)\] chirp: (.*)$/.exec(line))
      .map((match) => ({ process: match?.[1], text: match?.[2] ?? "" }))
      .filter(({ text }) => commands.has(commandOf(text)));
  };

  const received = async () => (await readAll()).slice(forgotten);
  const rpcLog = async () => (await received()).map(({ text }) => text);

  return {
    rpcLog,
    countRpcs: async () => {
      const counts: Record<string, number> = {};
      for (const text of await rpcLog()) counts[commandOf(text)] = (counts[commandOf(text)] ?? 0) + 1;
      return counts;
    },
    countConnections: async () => new Set((await received()).map(({ process }) => process)).size,
    forgetRpcs: async () => {
      forgotten = (await readAll()).length;
    },
  };
}

function commandOf(text: string): string {
  return text.split(" ", 1)[0] ?? "";
}
