/** How the copies of the site differ: listings compared, directory by directory, on demand. */
import { joinPath } from "../../chirp/byte_path.ts";
import { fileType } from "../../chirp/file_stat.ts";
import { decodeListing } from "../../chirp/listing.ts";
import { ChirpError, displayName } from "../../errors.ts";
import type { BytePath, DirectoryEntry } from "../../protocol.ts";
import type { Member, Pool } from "../../replicas/pool.ts";
import type { DifferenceStatus, ReplicaDifference } from "../pages/status_snapshot.ts";

/** A look at the status page must not walk a site of millions of files: beyond this many directories it stops, and says so. */
const DIRECTORIES_MAX = 5_000;
const LISTING_MAX_BYTES = 128 * 1024 * 1024;
const LISTING_TIMEOUT_MS = 20_000;
const EXAMPLES_MAX = 5;

interface Tally {
  missing: number;
  extra: number;
  changed: number;
  unlisted: number;
  error: string | null;
  readonly examples: string[];
}

/** Compares all servers that are well with the first of them. Null when none is. */
export async function compareReplicas(pool: Pool, root: BytePath): Promise<DifferenceStatus | null> {
  const [reference, ...others] = pool.members.filter(({ replica }) => replica.state === "well");
  if (reference === undefined) return null;
  const tallies = new Map(others.map((member): [Member, Tally] => [member, newTally()]));
  const directories = [root];
  let files = 0;
  let visited = 0;
  for (let path = directories.pop(); path !== undefined; path = directories.pop()) {
    if (++visited > DIRECTORIES_MAX) {
      for (const tally of tallies.values())
        tally.error ??= `more than ${DIRECTORIES_MAX} directories: not all compared`;
      break;
    }
    const wanted = await listing(reference, path);
    if (wanted instanceof ChirpError) {
      for (const tally of tallies.values()) noteFailure(tally, wanted);
      continue;
    }
    for (const entry of wanted.values()) {
      if (fileType(entry.stat) === "directory") directories.push(joinPath(path, entry.name));
      else files++;
    }
    await Promise.all([...tallies].map(([member, tally]) => compareDirectory(member, path, wanted, tally)));
  }
  const replicas = [...tallies].map(([{ replica }, tally]): ReplicaDifference => ({
    server: replica.server,
    ...tally,
  }));
  return { atMs: Date.now(), reference: reference.replica.server, files, replicas: [...replicas, ...absent(pool)] };
}

async function compareDirectory(
  member: Member,
  path: BytePath,
  wanted: ReadonlyMap<BytePath, DirectoryEntry>,
  tally: Tally,
): Promise<void> {
  const found = await listing(member, path);
  if (found instanceof ChirpError) {
    if (found.code !== "ENOENT") return noteFailure(tally, found);
    for (const name of wanted.keys()) note(tally, "missing", joinPath(path, name));
    return;
  }
  for (const [name, entry] of wanted) {
    const other = found.get(name);
    if (other === undefined) note(tally, "missing", joinPath(path, name));
    else if (!isEqual(entry, other)) note(tally, "changed", joinPath(path, name));
  }
  for (const name of found.keys()) if (!wanted.has(name)) note(tally, "extra", joinPath(path, name));
}

/** As the synchroniser compares: type, and for files size and mtime. */
function isEqual(a: DirectoryEntry, b: DirectoryEntry): boolean {
  const type = fileType(a.stat);
  if (type !== fileType(b.stat)) return false;
  return type !== "file" || (a.stat.size === b.stat.size && a.stat.mtime === b.stat.mtime);
}

async function listing(member: Member, path: BytePath): Promise<Map<BytePath, DirectoryEntry> | ChirpError> {
  try {
    const operation = { kind: "list", path, maxBytes: LISTING_MAX_BYTES } as const;
    const entries = decodeListing(await member.lane.call(operation, { timeoutMs: LISTING_TIMEOUT_MS }));
    return new Map(entries.map((entry) => [entry.name, entry]));
  } catch (error) {
    if (error instanceof ChirpError) return error;
    throw error;
  }
}

function note(tally: Tally, kind: "missing" | "extra" | "changed", path: BytePath): void {
  tally[kind]++;
  if (tally.examples.length < EXAMPLES_MAX) tally.examples.push(displayName(path));
}

/** What is denied is one directory less to compare; a server that fails ends the comparison. */
function noteFailure(tally: Tally, failure: ChirpError): void {
  if (failure.blame === "path") tally.unlisted++;
  else tally.error ??= failure.message;
}

function newTally(): Tally {
  return { missing: 0, extra: 0, changed: 0, unlisted: 0, error: null, examples: [] };
}

function absent(pool: Pool): ReplicaDifference[] {
  return pool.members
    .filter(({ replica }) => replica.state !== "well")
    .map(({ replica }) => ({ server: replica.server, ...newTally(), error: `it is ${replica.state}` }));
}
