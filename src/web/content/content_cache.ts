/**
 * The contents of small files in memory, by hash: replicas with equal contents share one copy, replicas that differ are
 * seen to differ, since what is looked up is what the server that was chosen has.
 *
 * Bodies are Blobs: Bun sends them without copying, however many slow readers there are, and slices them for ranges.
 */
import { isSameVersion, versionOf } from "../../chirp/file_stat.ts";
import type { Lane } from "../../chirp/lane.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, FileStat, FileVersion } from "../../protocol.ts";
import { createReclaim } from "./reclaim.ts";
import type { Cost } from "./trace.ts";

export interface Content {
  /** SHA-256, base64url. */
  readonly hash: string;
  readonly blob: Blob;
}

export interface CacheCounters {
  hits: number;
  misses: number;
  /** Misses that waited for another request's read. */
  coalesced: number;
  /** Bytes held, of all contents. */
  bytes: number;
  entries: number;
}

/** Whoever keeps contents at hand keeps this, lest they outlive their place in the cache. */
export interface Holding {
  /** Null as soon as the cache has given them up. */
  readonly content: Content | null;
}

/** What is held of one version of a file. */
export interface Peeked {
  readonly holding: Holding;
  /** performance.now() up to which it can be believed to be that version. */
  readonly trustedUntil: number;
}

export interface ContentCache {
  readonly counters: Readonly<CacheCounters>;
  /** Contents that are held, whoever had them and when. */
  byHash(hash: string): Content | undefined;
  /** Where what the server of this lane has at path in the version `stat` is held, if it is. */
  peek(lane: Lane, path: BytePath, stat: FileStat): Peeked | undefined;
  /** The contents; undefined when they are not held or not to be believed any more. `now`: performance.now(). */
  use(peeked: Peeked, now: number): Content | undefined;
  /** The same, read from the server when they are not held. One RPC. Rejects with ChirpError; ESTALE: not that size any more. */
  load(lane: Lane, path: BytePath, stat: FileStat, cost: Cost): Promise<Content>;
}

/** Where one server's file lies in the cache. */
interface Pointer {
  readonly version: FileVersion;
  readonly hash: string;
  /** performance.now() up to which the version can be believed. */
  readonly trustedUntil: number;
}

interface Held extends Holding {
  content: Content | null;
  /** performance.now() of a recent use, see ORDER_MS. */
  usedAt: number;
}

/** Pointers are small (about 300 bytes): this many take 60 MB. */
const POINTERS_MAX = 200_000;
/** Times on a server are whole seconds: a file read so soon after its change may change again without looking different. */
const YOUNG_SECONDS = 2;
/** A read may take this long, and this much longer for each byte (1 MB/s): slower is as good as hanging. */
const READ_TIMEOUT_MS = 5_000;
const SLOWEST_BYTES_PER_MS = 1_000;

/** What was used so shortly before counts as used now: moving it to the end each time would cost more than finding it. */
const ORDER_MS = 1_000;
/** The server reads and sends a file in pieces of this size: between two of them, a larger one may be changed in place. */
const ATOMIC_BYTES = 64 * 1024;

export function createContentCache(capacityBytes: number, ttlMs: number): ContentCache {
  const pointers = new Map<string, Pointer>();
  /** The pointer that was last found to fit this very stat. */
  const pointerOf = new WeakMap<FileStat, Pointer>();
  // In order of use, to ORDER_MS: the first was used longest ago.
  const contents = new Map<string, Held>();
  const reading = new Map<string, Promise<Content>>();
  const reclaim = createReclaim(capacityBytes);
  const counters: CacheCounters = { hits: 0, misses: 0, coalesced: 0, bytes: 0, entries: 0 };

  function pointerTo(lane: Lane, path: BytePath, stat: FileStat): Pointer | undefined {
    const last = pointerOf.get(stat);
    if (last !== undefined) return last;
    const pointer = pointers.get(`${lane.server}${path}`);
    if (pointer === undefined || !isSameVersion(pointer.version, stat)) return undefined;
    pointerOf.set(stat, pointer);
    return pointer;
  }

  function find(lane: Lane, path: BytePath, stat: FileStat): Peeked | undefined {
    const pointer = pointerTo(lane, path, stat);
    const holding = pointer && contents.get(pointer.hash);
    return holding && { holding, trustedUntil: pointer.trustedUntil };
  }

  function use({ holding, trustedUntil }: Peeked, now: number): Content | undefined {
    const held = holding as Held;
    if (held.content === null || now > trustedUntil) return undefined;
    counters.hits++;
    if (now - held.usedAt < ORDER_MS) return held.content;
    held.usedAt = now;
    contents.delete(held.content.hash);
    contents.set(held.content.hash, held);
    return held.content;
  }

  function discard(hash: string, held: Held): void {
    const size = held.content?.blob.size ?? 0;
    contents.delete(hash);
    held.content = null;
    counters.bytes -= size;
    reclaim(size);
  }

  function keep(key: string, stat: FileStat, pointer: Pointer, content: Content): Content {
    const known = contents.get(content.hash)?.content;
    if (content.blob.size > capacityBytes) {
      reclaim(content.blob.size);
      return content;
    }
    pointers.delete(key);
    pointers.set(key, pointer);
    pointerOf.set(stat, pointer);
    if (pointers.size > POINTERS_MAX) pointers.delete(pointers.keys().next().value!);
    if (known) {
      reclaim(content.blob.size);
      return known;
    }
    contents.set(content.hash, { content, usedAt: performance.now() });
    counters.bytes += content.blob.size;
    for (const [hash, oldest] of contents) {
      if (counters.bytes <= capacityBytes) break;
      discard(hash, oldest);
    }
    counters.entries = contents.size;
    return content;
  }

  async function read(lane: Lane, path: BytePath, stat: FileStat, key: string, meter: Cost): Promise<Content> {
    const startedAtSeconds = Date.now() / 1000;
    const startedAt = performance.now();
    const timeoutMs = READ_TIMEOUT_MS + stat.size / SLOWEST_BYTES_PER_MS;
    const operation = { kind: "getFile", path, size: stat.size, hash: true } as const;
    const { bytes, hash } = await lane.call(operation, { timeoutMs, meter });
    const isYoung = startedAtSeconds - Math.max(stat.mtime, stat.ctime) < YOUNG_SECONDS;
    if (stat.size > ATOMIC_BYTES) {
      // Of a young file, times do not tell whether it has changed.
      const isSame = isYoung
        ? (await lane.call(operation, { timeoutMs, meter })).hash === hash
        : isSameVersion(await statNow(lane, path, meter), stat);
      if (!isSame) throw new ChirpError({ code: "ESTALE", operation: "get", path, server: lane.server });
    }
    const trustedUntil = isYoung ? startedAt + ttlMs : Infinity;
    const content = { hash: hash!, blob: new Blob([bytes]) };
    // The Blob has a copy: these are freed now, not with the next collection.
    bytes.transfer(0);
    return keep(key, stat, { version: versionOf(stat), hash: hash!, trustedUntil }, content);
  }

  return {
    counters,
    byHash: (hash) => contents.get(hash)?.content ?? undefined,
    peek: find,
    use,
    load(lane, path, stat, cost) {
      const key = `${lane.server}${path}`;
      const peeked = find(lane, path, stat);
      const content = peeked && use(peeked, performance.now());
      if (content !== undefined) return Promise.resolve(content);
      const flight = `${key}\0${stat.size}\0${stat.mtime}\0${stat.ctime}\0${stat.inode}`;
      const underway = reading.get(flight);
      if (underway !== undefined) {
        counters.coalesced++;
        cost.shared++;
        return underway;
      }
      counters.misses++;
      const promise = read(lane, path, stat, key, cost).finally(() => reading.delete(flight));
      reading.set(flight, promise);
      return promise;
    },
  };
}

async function statNow(lane: Lane, path: BytePath, meter: Cost): Promise<FileVersion> {
  const options = { timeoutMs: READ_TIMEOUT_MS, meter };
  try {
    return await lane.call({ kind: "stat", path }, options);
  } catch (error) {
    // The right to list may be missing where the right to read is not.
    if (!(error instanceof ChirpError) || error.code !== "EACCES") throw error;
    return (await lane.call({ kind: "read", path, offset: 0, length: 0 }, options)).version;
  }
}
