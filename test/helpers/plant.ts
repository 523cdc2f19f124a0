import { chmodSync, chownSync, existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { serverAccount } from "../../src/cluster/server_account.ts";

/** A path below the served directory: text (taken as UTF-8), or bytes where a name is in no encoding. */
export type PlantPath = string | Uint8Array;

/** Writes fixtures straight to a server's disk, owned by whoever the server runs as, past the protocol and its limits. */
export interface Planter {
  /** A file, with the directories that lead to it. `mtime` is in seconds since 1970; mode 0644 unless told. */
  plant(path: PlantPath, contents: string | Uint8Array, options?: { mtime?: number; mode?: number }): void;
  /** A directory with its `.__acl`, without which a server denies everybody everything. No lines: it denies so. */
  plantDirectory(path: PlantPath, options?: { acl?: readonly string[] }): void;
  /** The name on disk, to look at what the server made of it. */
  diskPath(path: PlantPath): Buffer;
}

export function createPlanter(rootDirectory: string, defaultAcl: readonly string[]): Planter {
  const account = serverAccount();
  const root = Buffer.from(rootDirectory);

  const own = (path: Buffer) => {
    if (account !== null) chownSync(path, account.uid, account.gid);
  };

  const diskPath = (path: PlantPath) => splitPath(path).reduce<Buffer>(join, root);

  const writeAcl = (directory: Buffer, acl: readonly string[]) => {
    const file = join(directory, Buffer.from(".__acl"));
    writeFileSync(file, acl.map((line) => `${line}\n`).join(""));
    own(file);
  };

  const makeDirectory = (path: Buffer, acl: readonly string[]) => {
    mkdirSync(path, { mode: 0o755 });
    own(path);
    writeAcl(path, acl);
  };

  const makeParents = (path: PlantPath) => {
    let directory: Buffer = root;
    for (const name of splitPath(path).slice(0, -1)) {
      directory = join(directory, name);
      if (!existsSync(directory)) makeDirectory(directory, defaultAcl);
    }
  };

  return {
    diskPath,
    plant: (path, contents, { mtime, mode = 0o644 } = {}) => {
      makeParents(path);
      const file = diskPath(path);
      writeFileSync(file, contents);
      chmodSync(file, mode);
      own(file);
      if (mtime !== undefined) utimesSync(file, mtime, mtime);
    },
    plantDirectory: (path, { acl = defaultAcl } = {}) => {
      makeParents(path);
      const directory = diskPath(path);
      if (existsSync(directory)) writeAcl(directory, acl);
      else makeDirectory(directory, acl);
    },
  };
}

const slash = 0x2f;

/** The names of a path, as bytes. */
function splitPath(path: PlantPath): Buffer[] {
  const bytes = Buffer.from(path as Uint8Array);
  const names: Buffer[] = [];
  let start = 0;
  for (let end = 0; end <= bytes.length; end++) {
    if (end < bytes.length && bytes[end] !== slash) continue;
    if (end > start) names.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return names;
}

function join(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from("/"), name]);
}
