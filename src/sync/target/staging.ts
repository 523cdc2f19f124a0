/**
 * Where files are made before readers see them: `.__chirpsync` in the target directory, hidden from every listing. Names in it are
 * short, because a rename carries both paths in one line of 1023 bytes.
 */
import { joinPath } from "../../chirp/byte_path.ts";
import { fileType } from "../../chirp/file_stat.ts";
import { ChirpError } from "../../errors.ts";
import { compileAsUsual } from "../../program/jit_policy.ts";
import type { BytePath, DirectoryEntry, FileStat } from "../../protocol.ts";
import { isOfLocking, type Lock, type LockOptions, takeLock } from "../lock/lock.ts";
import { forEachParallel } from "../store/semaphore.ts";
import { listOrRemove, removeHalfMade, whenMade } from "./half_made.ts";
import { listDirectory, lstatOrNull, nullWhenMissing, type Store } from "../store/store.ts";

const PLACE = ".__chirpsync";
const MODE = 0o755;
const PLACE_TRIES = 3;
/** Leftovers removed at a time. */
const REMOVALS = 4;

export interface Staging {
  readonly place: BytePath;
  /** Looks for what an earlier run left. */
  inspect(): Promise<void>;
  /** Something of an earlier run lies there, to be used or removed, if only the place itself: a run may be killed just before it removes that. */
  hasLeftovers(): boolean;
  /** Makes the place and takes the lock, once; every writing operation on the target comes after this. */
  open(): Promise<void>;
  readonly isOpen: boolean;
  /** A path for one file or directory that nobody uses. */
  newPath(): BytePath;
  /**
   * Where the copy of this version of a large file is gathered: `fresh` is this run's alone, and a later run finds it; `earlier` is what an
   * earlier run has brought. That one is only ever added to: whoever left it may wake up and still be writing there, the same bytes.
   */
  resumable(relative: BytePath, source: FileStat): { readonly fresh: BytePath; readonly earlier: Gathered | null };
  /** The gathered file has reached its place, or is useless: it is neither offered again nor kept for a later run. */
  forget(path: BytePath): void;
  /** The rights that a directory made here has. */
  rights(): Promise<readonly string[]>;
  /** Removes everything but what a later run can resume, then the lock and the place. */
  close(): Promise<void>;
  /** Ends the lock's heartbeat without close(), whatever has become of the server. */
  abandon(): void;
}

/** Part of a large file, in staging. */
export interface Gathered {
  readonly path: BytePath;
  /** Bytes. */
  readonly size: number;
}

export interface StagingOptions {
  readonly store: Store;
  readonly root: BytePath;
  readonly warn: (message: string) => void;
  /** Called when another run has taken the lock over. */
  readonly lost: (error: unknown) => void;
}

export function createStaging({ store, root, warn, lost }: StagingOptions): Staging {
  const place = joinPath(root, PLACE);
  let leftovers: readonly DirectoryEntry[] = [];
  let isThere = false;
  let opening: Promise<void> | null = null;
  let lock: Lock | null = null;
  let rights: Promise<readonly string[]> | null = null;
  // No two runs use the same names: a server that notices late that an earlier run was killed removes what that one was writing.
  const prefix = crypto.getRandomValues(new Uint8Array(3)).toHex();
  let counter = 0;
  /** Paths handed out by resumable() whose file has not arrived. */
  const gathering = new Set<BytePath>();

  async function open(): Promise<void> {
    // There is something to do: the run will be long enough for it.
    compileAsUsual();
    lock = await takePlace({ store, place, warn });
    lock.lost.catch(lost);
    // What lay there before the lock was ours may have been another run's.
    leftovers = await listDirectory(store, place);
    const useless = leftovers.filter(({ name }) => isUseless(name));
    await forEachParallel(useless, REMOVALS, (entry) => removeLeftover(store, place, entry));
  }

  return {
    place,
    async inspect() {
      const entries = await nullWhenMissing(listOrRemove(store, place));
      isThere = entries !== null;
      leftovers = entries ?? [];
    },
    hasLeftovers: () => isThere,
    open: () => (opening ??= open()),
    get isOpen() {
      return lock !== null;
    },
    newPath: () => joinPath(place, prefix + (counter++).toString(36)),
    resumable(relative, source) {
      const identity = `${relative}\0${source.size}\0${source.mtime}\0${source.inode}\0${source.ctime}`;
      const name = `r${new Bun.CryptoHasher("sha256").update(identity, "latin1").digest("hex").slice(0, 16)}`;
      const fresh = joinPath(place, name + prefix);
      gathering.add(fresh);
      let earlier: Gathered | null = null;
      for (const entry of leftovers) {
        if (!entry.name.startsWith(name) || fileType(entry.stat) !== "file") continue;
        if (entry.stat.size > (earlier?.size ?? 0))
          earlier = { path: joinPath(place, entry.name), size: entry.stat.size };
      }
      if (earlier !== null) gathering.add(earlier.path);
      return { fresh, earlier };
    },
    forget(path) {
      gathering.delete(path);
      leftovers = leftovers.filter(({ name }) => joinPath(place, name) !== path);
    },
    rights: () => (rights ??= store.call({ kind: "getAcl", path: place })),
    abandon: () => lock?.abandon(),
    async close() {
      if (lock === null) return;
      const rest = (await nullWhenMissing(listDirectory(store, place))) ?? [];
      const kept = rest.filter(({ name }) => gathering.has(joinPath(place, name)));
      const removed = rest.filter((entry) => entry.name !== "lock" && !kept.includes(entry));
      await forEachParallel(removed, REMOVALS, (entry) => removeLeftover(store, place, entry));
      await lock.release();
      if (kept.length === 0) await removePlace(store, place);
    },
  };
}

/** The place and its lock. A run that ends at the same moment may remove the place before the lock is in it. */
async function takePlace(options: LockOptions): Promise<Lock> {
  for (let attempt = 1; ; attempt++) {
    try {
      await options.store.call({ kind: "mkdir", path: options.place, mode: MODE });
    } catch (error) {
      if (!(error instanceof ChirpError) || error.code !== "EEXIST") throw error;
      await expectDirectory(options.store, options.place);
    }
    try {
      return await whenMade(options.store, options.place, () => takeLock(options));
    } catch (error) {
      if (await removeHalfMade(options.store, options.place, error)) throw unlisted(options);
      if (!(error instanceof ChirpError) || error.code !== "ENOENT" || attempt === PLACE_TRIES) throw error;
    }
  }
}

/** Denied to whoever has just made it. */
function unlisted({ store, place }: LockOptions): ChirpError {
  const detail = "the server could not write the directory's access list; is its disk full?";
  return new ChirpError({ code: "EIO", operation: "mkdir", path: place, server: store.server, detail });
}

/** What lies there is removed: through a link, that somebody may have laid there, it would be somebody else's. */
async function expectDirectory(store: Store, path: BytePath): Promise<void> {
  const there = await lstatOrNull(store, path);
  if (there === null || fileType(there) === "directory") return;
  const detail = "something else is in the place where copies are staged; remove it";
  throw new ChirpError({ code: "ENOTDIR", operation: "stage in", path, server: store.server, detail });
}

/** Another run may have begun to take the lock: then the place is its own. */
async function removePlace(store: Store, place: BytePath): Promise<void> {
  try {
    await store.call({ kind: "rmdir", path: place });
  } catch (error) {
    const isTaken = error instanceof ChirpError && (error.code === "ENOTEMPTY" || error.code === "EEXIST");
    if (!isTaken && !(error instanceof ChirpError && error.code === "ENOENT")) throw error;
  }
}

/** Whether a leftover cannot serve again: all but the lock and what large copies gathered. */
function isUseless(name: BytePath): boolean {
  return name !== "lock" && !/^r[0-9a-f]{22}$/.test(name);
}

/** What others use who want the lock as well may come and go while we look: it is theirs, or the next run's to remove. */
async function removeLeftover(store: Store, place: BytePath, entry: DirectoryEntry): Promise<void> {
  try {
    await removeTree(store, place, entry);
  } catch (error) {
    if (!isOfLocking(entry.name) || !(error instanceof ChirpError) || error.blame !== "path") throw error;
  }
}

/** Removes an entry of a directory of this program's own, links not followed. */
async function removeTree(store: Store, directory: BytePath, { name, stat }: DirectoryEntry): Promise<void> {
  const path = joinPath(directory, name);
  if (fileType(stat) !== "directory") {
    await nullWhenMissing(store.call({ kind: "unlink", path }));
    return;
  }
  const entries = await nullWhenMissing(listOrRemove(store, path));
  if (entries === null) return;
  for (const entry of entries) await removeTree(store, path, entry);
  await nullWhenMissing(store.call({ kind: "rmdir", path }));
}
