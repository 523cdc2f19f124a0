import { fileType } from "../../chirp/file_stat.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, FileStat } from "../../protocol.ts";
import type { Staging } from "./staging.ts";
import { lstatOrNull, nullWhenMissing, type Store } from "../store/store.ts";

export interface Renaming {
  readonly from: BytePath;
  readonly to: BytePath;
  /** What `to` is now; null: nothing. */
  readonly replaces: FileStat | null;
  /** Whether what is brought there is a link. */
  readonly isLink?: boolean;
  /** Whether what lies at `to` is what was to be brought there. */
  readonly hasArrived: (there: FileStat) => boolean;
}

/**
 * Renames from staging to a name that readers see. A lost answer leaves open whether the server did it; then what lies there
 * decides. Where a link is in the way whose end is out of reach, the server looks up its rights there and refuses: it is
 * moved aside first.
 */
export async function renameIntoPlace(store: Store, staging: Staging, renaming: Renaming): Promise<void> {
  const { from, to, replaces, hasArrived } = renaming;
  try {
    const mayLead = renaming.isLink === true || isLink(replaces);
    await overLink(mayLead, () => moveWhere(store, from, to, hasArrived));
  } catch (error) {
    if (!(error instanceof ChirpError) || error.blame === "server") throw error;
    if (replaces === null || !isLink(replaces)) throw error;
    await replaceLink(store, staging, renaming, replaces, error);
  }
}

async function replaceLink(
  store: Store,
  staging: Staging,
  { from, to, hasArrived }: Renaming,
  link: FileStat,
  first: ChirpError,
): Promise<void> {
  const aside = staging.newPath();
  try {
    await moveEntry(store, link, to, aside);
  } catch (error) {
    // It cannot be moved either: what was said first is the better reason.
    throw error instanceof ChirpError && error.blame === "path" ? first : error;
  }
  try {
    await moveWhere(store, from, to, hasArrived);
  } catch (second) {
    await moveEntry(store, link, aside, to);
    throw second;
  }
  await nullWhenMissing(store.call({ kind: "unlink", path: aside }));
}

/** Moves an entry as it is, to the backup or out of the way, or back. */
export async function moveEntry(store: Store, entry: FileStat, from: BytePath, to: BytePath): Promise<void> {
  await moveWhere(store, from, to, ({ inode }) => inode === entry.inode);
}

/** rename; one whose answer was lost may be done already, which shows in what lies there. */
async function moveWhere(
  store: Store,
  from: BytePath,
  to: BytePath,
  hasArrived: Renaming["hasArrived"],
): Promise<void> {
  try {
    await store.call({ kind: "rename", path: from, newPath: to });
  } catch (error) {
    if (!(error instanceof ChirpError) || error.code !== "ENOENT") throw error;
    if ((await lstatOrNull(store, from)) !== null) throw error;
    const there = await lstatOrNull(store, to);
    if (there === null || !hasArrived(there)) throw error;
  }
}

export function isLink(there: FileStat | null): boolean {
  return there !== null && fileType(there) === "link";
}

/** Tries of a call that a link may hold up, and the pause between them. */
const LINK_TRIES = 4;
const LINK_PAUSE_MS = 50;

/**
 * Does something to names of which one may be a link. The server looks for its rights where the link leads; if that is a directory which this
 * same run is just making, its access list comes a moment later than itself, and the server refuses.
 */
export async function overLink<T>(mayLead: boolean, task: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      const mayPass = mayLead && error instanceof ChirpError && error.code === "EACCES" && attempt < LINK_TRIES;
      if (!mayPass) throw error;
      await Bun.sleep(LINK_PAUSE_MS);
    }
  }
}
