/** The local file system as a store: the same operations, the same errors, the same hidden names as a Chirp server. */
import { constants, type Stats } from "node:fs";
import * as fs from "node:fs/promises";
import { joinPath } from "../../chirp/byte_path.ts";
import { isSameVersion } from "../../chirp/file_stat.ts";
import { encodeListing } from "./encode_listing.ts";
import { ChirpError, codeOfErrno, type ErrorCode } from "../../errors.ts";
import type { BytePath, DirectoryEntry, FileStat, Operation, OperationKind, Results } from "../../protocol.ts";
import { LOCAL_SERVER, type Store } from "./store.ts";

/** Entries looked at together: the file system answers these side by side. */
const LSTATS_AT_A_TIME = 64;
const HASH_CHUNK_BYTES = 1024 * 1024;

/** Paths are absolute paths of this machine, as bytes. There are no RPCs, and nothing to close. */
export function createLocalStore(): Store {
  return {
    server: LOCAL_SERVER,
    rpcs: 0,
    async call<K extends OperationKind>(operation: Extract<Operation, { kind: K }>): Promise<Results[K]> {
      try {
        // The compiler does not see that an operation's kind names the function for it.
        const perform = performers[operation.kind] as unknown as Performer<K>;
        return await perform(operation);
      } catch (error) {
        throw asChirpError(operation, error);
      }
    },
    close: () => Promise.resolve(),
  };
}

type Performer<K extends OperationKind> = (operation: Extract<Operation, { kind: K }>) => Promise<Results[K]>;

const performers: { readonly [K in OperationKind]: Performer<K> } = {
  list: ({ path, maxBytes, hidden = false }) => list(path, maxBytes, hidden),
  stat: async ({ path }) => statOf(await fs.stat(disk(path))),
  lstat: async ({ path }) => statOf(await fs.lstat(disk(path))),
  getFile: async ({ path, size, hash = false }) => {
    const bytes = new Uint8Array(size);
    await readWhole(path, bytes);
    return {
      bytes: bytes.buffer,
      hash: hash ? new Bun.CryptoHasher("sha256").update(bytes).digest("base64url") : null,
    };
  },
  getFileInto: async ({ path, buffer }) => await nothing(readWhole(path, new Uint8Array(buffer))),
  read: readRange,
  close: () => Promise.resolve(null),
  putFile: async ({ path, bytes, mode }) => await nothing(writeWhole(path, bytes, mode)),
  write: async (operation) => await nothing(writeRange(operation)),
  store: async (operation) => await nothing(store(operation)),
  utime: async ({ path, mtime }) => await nothing(fs.utimes(disk(path), mtime, mtime)),
  rename: async ({ path, newPath }) => await nothing(fs.rename(disk(path), disk(newPath))),
  unlink: async ({ path }) => await nothing(fs.unlink(disk(path))),
  mkdir: async ({ path, mode }) => await nothing(fs.mkdir(disk(path), { mode })),
  rmdir: async ({ path }) => await nothing(fs.rmdir(disk(path))),
  chmod: async ({ path, mode }) => await nothing(fs.chmod(disk(path), mode)),
  symlink: async ({ path, target }) => await nothing(fs.symlink(disk(target), disk(path))),
  readlink: async ({ path }) => (await fs.readlink(disk(path), { encoding: "buffer" })).toString("latin1"),
  hash: ({ path, algorithm }) => hashOf(path, algorithm),
  // A plain directory has no access list; two of them always agree.
  getAcl: () => Promise.resolve([]),
  setAcl: notSupported,
  thirdput: notSupported,
  whoami: () => Promise.resolve("local"),
};

async function nothing(done: Promise<unknown>): Promise<null> {
  await done;
  return null;
}

function notSupported({ kind, path }: Operation & { kind: "setAcl" | "thirdput" | "read" }): Promise<never> {
  return Promise.reject(new ChirpError({ code: "ENOTSUP", operation: kind, path, server: LOCAL_SERVER }));
}

/** What servers and chirp_synchronize put into directories: nobody misses these. */
const chirpsOwn: ReadonlySet<string> = new Set([".__acl", ".__uuid", ".__alloc", ".__chirpsync"]);

async function list(directory: BytePath, maxBytes: number, hidden: boolean): Promise<ArrayBuffer> {
  const names = (await fs.readdir(disk(directory), { encoding: "buffer" }))
    .map((name) => name.toString("latin1"))
    // Hidden there as on a Chirp server: staging places and access lists are no contents.
    .filter((name) => (hidden ? !chirpsOwn.has(name) : !name.startsWith(".__")));
  const entries: DirectoryEntry[] = [];
  for (let start = 0; start < names.length; start += LSTATS_AT_A_TIME) {
    const some = names.slice(start, start + LSTATS_AT_A_TIME);
    const stats = await Promise.all(some.map((name) => lstatIfThere(joinPath(directory, name))));
    for (const [index, stat] of stats.entries()) if (stat !== null) entries.push({ name: some[index]!, stat });
  }
  const packed = encodeListing(entries);
  if (packed.byteLength > maxBytes) {
    throw new ChirpError({ code: "EFBIG", operation: "list", path: directory, server: LOCAL_SERVER });
  }
  return packed;
}

/** Null: removed since its directory was read. */
async function lstatIfThere(path: BytePath): Promise<FileStat | null> {
  try {
    return statOf(await fs.lstat(disk(path)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

async function readWhole(path: BytePath, bytes: Uint8Array): Promise<void> {
  await using file = await openRegular(path);
  const { size } = await file.stat();
  const length = size === bytes.length ? await readAt(file, bytes, 0) : -1;
  if (length !== bytes.length) throw stale(path);
}

async function readRange(operation: Operation & { kind: "read" }): Promise<Results["read"]> {
  const { path, offset, length, version, check = false, buffer, digest } = operation;
  // Who compares digests compares servers.
  if (digest !== undefined) return await notSupported(operation);
  await using file = await openRegular(path);
  const current = statOf(await file.stat());
  if (version !== undefined && !isSameVersion(current, version)) throw stale(path);
  const memory = buffer ?? new ArrayBuffer(Math.max(0, Math.min(length, current.size - offset)));
  const bytes = new Uint8Array(memory).subarray(0, length);
  const count = await readAt(file, bytes, offset);
  if (check && !isSameVersion(statOf(await file.stat()), current)) throw stale(path);
  const whole = buffer === undefined ? (memory as ArrayBuffer).slice(0, count) : null;
  return { bytes: whole, length: count, version: current, digest: null };
}

/** Regular files only, without waiting at a FIFO. */
async function openRegular(path: BytePath): Promise<fs.FileHandle> {
  const file = await fs.open(disk(path), constants.O_RDONLY | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new ChirpError({ code: "EINVAL", operation: "open", path, server: LOCAL_SERVER, detail: "not a regular file" });
}

/** Bytes read; short only at the end of the file. */
async function readAt(file: fs.FileHandle, bytes: Uint8Array, offset: number): Promise<number> {
  for (let done = 0; ;) {
    if (done === bytes.length) return done;
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, offset + done);
    if (bytesRead === 0) return done;
    done += bytesRead;
  }
}

async function writeWhole(path: BytePath, bytes: Uint8Array, mode: number): Promise<void> {
  await using file = await fs.open(disk(path), "w", mode);
  await writeAt(file, bytes, 0);
}

async function writeRange(operation: Operation & { kind: "write" }): Promise<void> {
  const { path, bytes, offset, mode, truncate } = operation;
  const flags = constants.O_WRONLY | constants.O_CREAT | (truncate ? constants.O_TRUNC : 0);
  await using file = await fs.open(disk(path), flags, mode);
  await writeAt(file, bytes, offset);
}

async function writeAt(file: fs.FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }
}

async function store(operation: Operation & { kind: "store" }): Promise<void> {
  const { staging, path, bytes, mode, mtime, hash } = operation;
  await writeWhole(staging, bytes, mode);
  if (hash !== null && (await hashOf(staging, hash.algorithm)) !== hash.hex) {
    throw new ChirpError({ code: "EILSEQ", operation: "verify", path, server: LOCAL_SERVER });
  }
  if (operation.chmod) await fs.chmod(disk(staging), mode);
  if (mtime !== null) await fs.utimes(disk(staging), mtime, mtime);
  if (operation.rename) await fs.rename(disk(staging), disk(path));
}

async function hashOf(path: BytePath, algorithm: "md5" | "sha1"): Promise<string> {
  const hash = new Bun.CryptoHasher(algorithm);
  const chunk = new Uint8Array(HASH_CHUNK_BYTES);
  await using file = await openRegular(path);
  for (let offset = 0; ;) {
    const count = await readAt(file, chunk, offset);
    hash.update(chunk.subarray(0, count));
    offset += count;
    if (count < chunk.length) return hash.digest("hex");
  }
}

function statOf(stat: Stats): FileStat {
  const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000);
  const { mode, size, mtimeMs, ctimeMs, ino, nlink } = stat;
  return {
    mode,
    size,
    mtime: seconds(mtimeMs),
    ctime: seconds(ctimeMs),
    inode: ino,
    links: nlink,
  };
}

function disk(path: BytePath): Buffer {
  return Buffer.from(path, "latin1");
}

function stale(path: BytePath): ChirpError {
  return new ChirpError({ code: "ESTALE", operation: "read", path, server: LOCAL_SERVER });
}

function asChirpError(operation: Operation, error: unknown): unknown {
  const { errno } = error as NodeJS.ErrnoException;
  if (error instanceof ChirpError || typeof errno !== "number") return error;
  const { code, detail } = codeOfErrno(Math.abs(errno));
  // A full table of file descriptors is this process's own here, not a server's that should be given up.
  const local: ErrorCode = code === "EMFILE" ? "ENOBUFS" : code;
  const path = operation.kind === "whoami" ? "" : operation.path;
  return new ChirpError({
    code: local,
    operation: operation.kind,
    path,
    server: LOCAL_SERVER,
    ...(detail === undefined ? {} : { detail }),
  });
}
