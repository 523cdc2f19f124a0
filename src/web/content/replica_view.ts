/**
 * What one server has at a path, remembered for the TTL.
 *
 * A directory is learnt whole: one getlongdir answers for every file in it, and costs no more than a stat up to a few hundred
 * entries. Where a directory is large, or may be read but not listed, or nothing is to be remembered, files are asked for one
 * by one. Concurrent questions for one thing become one RPC.
 */
import { baseName, joinPath, parentPath } from "../../chirp/byte_path.ts";
import { fileType, isSameVersion } from "../../chirp/file_stat.ts";
import type { Lane } from "../../chirp/lane.ts";
import { decodeListing } from "../../chirp/listing.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, DirectoryEntry, FileStat } from "../../protocol.ts";
import { createExpiringMap, type Lease } from "./expiring_map.ts";
import { lookupOf, missing, unreadable, verdictOf, type Lookup } from "./lookup.ts";
import type { Cost } from "./trace.ts";

export interface ReplicaView {
  /** Rejects with ChirpError when the server, not the path, is at fault. */
  lookup(path: BytePath, cost: Cost): Promise<Lookup>;
  /** The entries of a directory; null where it cannot be listed. The same array within the TTL. */
  list(path: BytePath, cost: Cost): Promise<readonly DirectoryEntry[] | null>;
  /** The stat of a regular file by its directory's listing; by an expired one where that named `beside`. Null: no such file; undefined: no listing. */
  peek(path: BytePath, beside?: { readonly path: BytePath; readonly stat: FileStat }): FileStat | null | undefined;
  /** The same for a file that is there, and how long it can be believed without asking here again. */
  leased(path: BytePath): LeasedFile | undefined;
  /** Reading the file was refused, whatever its directory says of it: for the TTL that is the answer. */
  refused(path: BytePath, verdict: Lookup): void;
  /** What is remembered of a path and its directory turned out to be old. */
  forget(path: BytePath): void;
}

export interface LeasedFile {
  readonly stat: FileStat;
  /** Holds while performance.now() is before its `expiresAt`. */
  readonly lease: Pick<Lease<unknown>, "expiresAt">;
}

/** A larger directory costs more to list (0.6 s for 50,000) than its files one by one. */
const LARGE_DIRECTORY = 5_000;
/** How long a directory counts as large without being listed again. */
const LARGE_FOR_MS = 300_000;
/** Learning a directory stops here, at some 10,000 entries: reading them would hold up everybody else. */
const LEARNT_MAX_BYTES = 1024 * 1024;
/** Also where nothing is to be remembered: the same request would find the file again, and be refused again. */
const REFUSED_MIN_MS = 1_000;
/** A page of some 100,000 entries is as long as one gets. */
const SHOWN_MAX_BYTES = 8 * 1024 * 1024;
/** Metadata is a few RPCs; whoever needs longer hangs. */
const METADATA_TIMEOUT_MS = 5_000;
/** Bounds what a visitor can make us remember: names (about 200 bytes each) and directories of one server. */
const REMEMBERED_FILES = 50_000;
const REMEMBERED_ENTRIES = 200_000;

/**
 * In a directory that may not be listed a file is opened to see what it is, and a pipe hangs the server's process for this
 * connection for good. What has hung is left alone for this long, each time twice as long, lest one URL uses them all up.
 */
const HANG_MIN_MS = 5_000;
const HANG_MAX_MS = 3_600_000;

interface Hang {
  readonly until: number;
  readonly ms: number;
}

type Directory =
  | { readonly kind: "listed"; readonly entries: ReadonlyMap<BytePath, FileStat> }
  /** Its files must be asked for one by one. */
  | { readonly kind: "oneByOne"; readonly mayBeListed: boolean }
  | { readonly kind: "missing" };

export function createReplicaView(lane: Lane, ttlMs: number): ReplicaView {
  const directories = createExpiringMap<Directory>(REMEMBERED_ENTRIES, sizeOf);
  const listings = createExpiringMap<readonly DirectoryEntry[] | null>(REMEMBERED_ENTRIES, (all) => all?.length ?? 1);
  const files = createExpiringMap<Lookup>(REMEMBERED_FILES, () => 1);
  const large = createExpiringMap<true>(REMEMBERED_FILES, () => 1);
  const hangs = createExpiringMap<Hang>(REMEMBERED_FILES, () => 1);

  async function lookup(path: BytePath, cost: Cost): Promise<Lookup> {
    const known = files.get(path);
    if (known !== undefined) return known;
    if (ttlMs === 0 || path === "/") return await statOne(path, cost);
    const parent = parentPath(path);
    if (isKnownAbsent(parent)) return missing;
    if (large.get(parent)) return await statOne(path, cost);
    const directory = await learn(parent, cost);
    switch (directory.kind) {
      case "missing":
        await learnFromTop(parent, cost);
        return missing;
      case "oneByOne":
        return await (directory.mayBeListed ? statOne(path, cost) : openOne(path, cost));
      case "listed":
        return await lookupEntry(path, directory.entries.get(baseName(path)), cost);
    }
  }

  function learn(path: BytePath, cost: Cost): Promise<Directory> {
    return directories.getOrFetch(
      path,
      ttlMs,
      () => readDirectory(path, cost),
      () => cost.shared++,
    );
  }

  /** Whether the listing of a directory above says that there is no such directory: a flood of made-up paths costs nothing. */
  function isKnownAbsent(directory: BytePath): boolean {
    for (let path = directory; path !== "/"; path = parentPath(path)) {
      const above = directories.get(parentPath(path));
      if (above?.kind === "listed") return !above.entries.has(baseName(path));
    }
    return false;
  }

  /** Learns which directory on the way is the first that is not there: all made-up paths below it are known then. */
  async function learnFromTop(directory: BytePath, cost: Cost): Promise<void> {
    let path = "/";
    for (const name of directory.slice(1).split("/")) {
      const above = large.get(path) ? undefined : await learn(path, cost);
      if (above?.kind === "missing" || (above?.kind === "listed" && !above.entries.has(name))) return;
      path = joinPath(path, name);
    }
  }

  async function lookupEntry(path: BytePath, stat: FileStat | undefined, cost: Cost): Promise<Lookup> {
    if (stat === undefined) return missing;
    const type = fileType(stat);
    // A link is what it points to; of an entry whose lstat failed, nothing is known.
    if (type === "link" || type === "unknown") return await statOne(path, cost);
    return lookupOf(stat);
  }

  async function readDirectory(path: BytePath, cost: Cost): Promise<Directory> {
    try {
      const entries = await listEntries(path, LEARNT_MAX_BYTES, cost);
      if (entries.length <= LARGE_DIRECTORY) {
        const before = directories.last(path);
        if (before?.kind === "listed" && isSameListing(before.entries, entries)) return before;
        return { kind: "listed", entries: new Map(entries.map(({ name, stat }) => [name, stat])) };
      }
      large.set(path, true, LARGE_FOR_MS);
      return { kind: "oneByOne", mayBeListed: true };
    } catch (error) {
      const { kind } = verdictOf(error);
      if (error instanceof ChirpError && error.code === "EFBIG") large.set(path, true, LARGE_FOR_MS);
      return kind === "missing" ? { kind: "missing" } : { kind: "oneByOne", mayBeListed: kind !== "denied" };
    }
  }

  async function listEntries(path: BytePath, maxBytes: number, meter: Cost): Promise<DirectoryEntry[]> {
    const operation = { kind: "list", path, maxBytes } as const;
    return decodeListing(await lane.call(operation, { timeoutMs: METADATA_TIMEOUT_MS, meter }));
  }

  function statOne(path: BytePath, cost: Cost): Promise<Lookup> {
    const ask = async () => {
      try {
        return lookupOf(await lane.call({ kind: "stat", path }, { timeoutMs: METADATA_TIMEOUT_MS, meter: cost }));
      } catch (error) {
        const verdict = verdictOf(error);
        // The right to list may be missing where the right to read is not.
        return verdict.kind === "denied" ? await openNow(path, cost) : verdict;
      }
    };
    return files.getOrFetch(path, ttlMs, ask, () => cost.shared++);
  }

  function openOne(path: BytePath, cost: Cost): Promise<Lookup> {
    return files.getOrFetch(
      path,
      ttlMs,
      () => openNow(path, cost),
      () => cost.shared++,
    );
  }

  async function openNow(path: BytePath, meter: Cost): Promise<Lookup> {
    const hang = hangs.get(path);
    if (hang !== undefined && performance.now() < hang.until) return unreadable;
    try {
      const options = { timeoutMs: METADATA_TIMEOUT_MS, meter };
      const { version } = await lane.call({ kind: "read", path, offset: 0, length: 0 }, options);
      hangs.delete(path);
      return lookupOf(version);
    } catch (error) {
      if (error instanceof ChirpError && error.code === "ETIMEDOUT") {
        const ms = Math.min(HANG_MAX_MS, 2 * (hang?.ms ?? HANG_MIN_MS / 2));
        // Known for longer than it holds, so that the next one holds for longer.
        hangs.set(path, { until: performance.now() + ms, ms }, 2 * ms);
      }
      return verdictOf(error);
    }
  }

  return {
    lookup,
    list(path, cost) {
      const ask = async () => {
        try {
          return await listEntries(path, SHOWN_MAX_BYTES, cost);
        } catch (error) {
          verdictOf(error);
          return null;
        }
      };
      return listings.getOrFetch(path, ttlMs, ask, () => cost.shared++);
    },
    peek(path, beside) {
      const directory = directories.last(parentPath(path));
      if (directory?.kind !== "listed") return undefined;
      const isItsListing = beside !== undefined && directory.entries.get(baseName(beside.path)) === beside.stat;
      if (!isItsListing && directories.get(parentPath(path)) === undefined) return undefined;
      return fileIn(directory.entries, path);
    },
    leased(path) {
      const lease = directories.lease(parentPath(path));
      const stat = lease?.value.kind === "listed" ? fileIn(lease.value.entries, path) : null;
      return lease && stat ? { stat, lease } : undefined;
    },
    refused: (path, verdict) => files.set(path, verdict, Math.max(ttlMs, REFUSED_MIN_MS)),
    forget(path) {
      files.delete(path);
      directories.delete(parentPath(path));
    },
  };
}

function fileIn(entries: ReadonlyMap<BytePath, FileStat>, path: BytePath): FileStat | null {
  const stat = entries.get(baseName(path));
  return stat !== undefined && fileType(stat) === "file" ? stat : null;
}

/**
 * Whether nothing has changed in a directory. Then its stats stay the same objects, and with them all that was prepared for
 * the answers (representations.ts, content_cache.ts). All or nothing: what is sent for a file depends on its neighbours too.
 */
function isSameListing(before: ReadonlyMap<BytePath, FileStat>, entries: readonly DirectoryEntry[]): boolean {
  if (before.size !== entries.length) return false;
  return entries.every(({ name, stat }) => {
    const known = before.get(name);
    return known !== undefined && known.mode === stat.mode && known.links === stat.links && isSameVersion(known, stat);
  });
}

function sizeOf(directory: Directory): number {
  return directory.kind === "listed" ? 1 + directory.entries.size : 1;
}
