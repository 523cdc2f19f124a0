/**
 * The source as several targets see it. Each target works at its own pace and asks for what it needs; what one has asked
 * for is kept for the others, so that the source is asked once as long as they keep together.
 *
 * What is kept is bounded. When the room is used up, the target in front waits for those behind, but only a moment: one that
 * takes nothing meanwhile is no longer waited for, and what it misses it reads again by itself. So a target that hangs costs
 * the others that moment, once.
 */
import { ChirpError } from "../../errors.ts";
import type { BytePath, DirectoryEntry, FileStat, FileVersion } from "../../protocol.ts";
import { versionOf } from "../../chirp/file_stat.ts";
import { type Store } from "../store/store.ts";

/** What may be kept for targets that are behind, and read ahead: eight files or chunks of the largest size. */
const BUDGET_BYTES = 128 * 1024 * 1024;
/** How long a target in front waits for room before it goes on without those behind. */
const PATIENCE_MS = 1000;
/** What an entry of a listing, or a thing without bytes, counts against the budget. */
const ENTRY_BYTES = 256;

/** The source for one target. Everything asked for within a directory is kept until all targets have released it. */
export interface SourceView {
  list(directory: BytePath): Promise<readonly DirectoryEntry[]>;
  /** A listing that was begun after everything that has been read of the directory's files. */
  relist(directory: BytePath): Promise<readonly DirectoryEntry[]>;
  /** The contents, which have exactly stat.size bytes; ESTALE when they do not. */
  readWhole(directory: BytePath, path: BytePath, stat: FileStat): Promise<SharedArrayBuffer>;
  readChunk(
    directory: BytePath,
    path: BytePath,
    stat: FileStat,
    offset: number,
    length: number,
  ): Promise<SharedArrayBuffer>;
  /** Answers of small operations on the source that all targets need: hash, readlink, ACL. */
  ask<T>(directory: BytePath, key: string, load: (store: Store) => Promise<T>): Promise<T>;
  /** This target will ask for nothing in the directory any more. */
  release(directory: BytePath): void;
  /** Forgets what was kept of a directory, so that it is asked for anew. */
  forget(directory: BytePath, path: BytePath): void;
  /** The target has ended. */
  leave(): void;
}

interface Kept {
  readonly directory: BytePath;
  readonly path: BytePath;
  readonly promise: Promise<unknown>;
  readonly bytes: number;
  readonly begun: number;
  /** Targets that may still ask for it. */
  readonly awaited: Set<symbol>;
}

export interface SharedSource {
  view(): SourceView;
}

/** Called before bytes are read, to keep to --bwlimit. */
export type Throttle = (bytes: number) => Promise<void>;

export interface SharedSourceOptions {
  readonly store: Store;
  readonly throttle: Throttle;
  /** The listing of the source's top, which was fetched before there were views. */
  readonly top: { readonly directory: BytePath; readonly entries: readonly DirectoryEntry[] };
  /** A directory as it is to be seen, e.g. with links followed. */
  readonly list: (directory: BytePath) => Promise<readonly DirectoryEntry[]>;
}

export function createSharedSource({ store, throttle, top, list }: SharedSourceOptions): SharedSource {
  const kept = new Map<string, Kept>();
  /** Every target that is waited for, with the directories it has released. */
  const views = new Set<symbol>();
  const released = new Map<BytePath, Set<symbol>>();
  /** The clock when the last read of a file in a directory ended. */
  const readAt = new Map<BytePath, number>();
  let usedBytes = 0;
  let clock = 0;
  let wake: (() => void)[] = [];

  async function get<T>(
    view: symbol,
    at: { directory: BytePath; path: BytePath; key: string; bytes: number },
    load: () => Promise<T>,
  ): Promise<T> {
    const key = `${at.directory}\0${at.key}`;
    const known = kept.get(key);
    if (known !== undefined) {
      known.awaited.delete(view);
      if (known.awaited.size === 0) drop(key, known);
      return await (known.promise as Promise<T>);
    }
    const others = [...views].filter((other) => other !== view && released.get(at.directory)?.has(other) !== true);
    if (others.length === 0) return await load();
    await makeRoom(at.bytes);
    // Another target may have begun the same while this one waited.
    if (kept.has(key)) return await get(view, at, load);
    const promise = load();
    const entry: Kept = { ...at, promise, begun: clock, awaited: new Set(others) };
    kept.set(key, entry);
    usedBytes += at.bytes;
    // A failure is not kept: the next one asks again. The caller sees it through the promise itself.
    promise.catch(() => drop(key, entry));
    return await promise;
  }

  function drop(key: string, entry: Kept): void {
    if (kept.get(key) !== entry) return;
    kept.delete(key);
    usedBytes -= entry.bytes;
    const waiting = wake;
    wake = [];
    for (const go of waiting) go();
  }

  async function makeRoom(bytes: number): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (usedBytes + bytes > BUDGET_BYTES && kept.size > 0) {
      const left = deadline - performance.now();
      if (left > 0) {
        await freed(left);
        continue;
      }
      const [key, oldest] = kept.entries().next().value!;
      for (const slow of oldest.awaited) leave(slow);
      drop(key, oldest);
    }
  }

  function freed(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  function leave(view: symbol): void {
    views.delete(view);
    dropUnawaited(view, () => true);
  }

  function dropUnawaited(view: symbol, concerns: (entry: Kept) => boolean): void {
    for (const [key, entry] of kept) {
      if (concerns(entry) && entry.awaited.delete(view) && entry.awaited.size === 0) drop(key, entry);
    }
  }

  function createView(): SourceView {
    const view = Symbol("view");
    views.add(view);
    return {
      list: (directory) =>
        directory === top.directory
          ? Promise.resolve(top.entries)
          : get(view, { directory, path: directory, key: "list", bytes: ENTRY_BYTES }, () => list(directory)),
      async relist(directory) {
        const key = `${directory}\0relist`;
        const known = kept.get(key);
        if (known !== undefined && known.begun < (readAt.get(directory) ?? 0)) drop(key, known);
        return await get(view, { directory, path: directory, key: "relist", bytes: ENTRY_BYTES }, () =>
          list(directory),
        );
      },
      readWhole: (directory, path, stat) =>
        get(view, { directory, path, key: `whole\0${path}\0${versionKey(stat)}`, bytes: stat.size }, async () => {
          const buffer = new SharedArrayBuffer(stat.size);
          // An empty file has nothing to read; that it still is empty shows when its directory is listed again.
          if (stat.size === 0) return buffer;
          await throttle(stat.size);
          await store.call({ kind: "getFileInto", path, buffer });
          readAt.set(directory, ++clock);
          return buffer;
        }),
      readChunk: (directory, path, stat, offset, length) =>
        get(
          view,
          { directory, path, key: `chunk\0${path}\0${versionKey(stat)}\0${offset}`, bytes: length },
          async () => {
            await throttle(length);
            const buffer = await readExactly(store, path, stat, offset, length);
            readAt.set(directory, ++clock);
            return buffer;
          },
        ),
      ask: (directory, key, load) =>
        get(view, { directory, path: "", key: `ask\0${key}`, bytes: ENTRY_BYTES }, () => load(store)),
      release(directory) {
        const by = released.get(directory) ?? new Set();
        by.add(view);
        released.set(directory, by);
        dropUnawaited(view, (entry) => entry.directory === directory);
        if (![...views].every((other) => by.has(other))) return;
        released.delete(directory);
        readAt.delete(directory);
      },
      forget(directory, path) {
        for (const [key, entry] of kept) {
          if (entry.directory === directory && (entry.path === path || entry.path === directory)) drop(key, entry);
        }
      },
      leave: () => leave(view),
    };
  }

  return { view: createView };
}

async function readExactly(
  store: Store,
  path: BytePath,
  stat: FileStat,
  offset: number,
  length: number,
): Promise<SharedArrayBuffer> {
  const buffer = new SharedArrayBuffer(length);
  const version: FileVersion = versionOf(stat);
  const read = await store.call({ kind: "read", path, offset, length, version, buffer });
  if (read.length !== length) throw staleRead(store, path);
  return buffer;
}

function versionKey({ size, mtime, ctime, inode }: FileStat): string {
  return `${size} ${mtime} ${ctime} ${inode}`;
}

function staleRead(store: Store, path: BytePath): ChirpError {
  return new ChirpError({ code: "ESTALE", operation: "read", path, server: store.server });
}
