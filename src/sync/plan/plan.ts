/** What is to be done to make one directory of a target like the source's: decided from two listings, as data. Pure. */
import { fileType } from "../../chirp/file_stat.ts";
import type { BytePath, DirectoryEntry, FileStat } from "../../protocol.ts";
import type { Selection } from "../selection/selection.ts";

/** The part of the options that decides about entries. */
export interface PlanPolicy {
  readonly recursive: boolean;
  readonly checksum: boolean;
  readonly sizeOnly: boolean;
  readonly ignoreTimes: boolean;
  readonly update: boolean;
  readonly existing: boolean;
  readonly ignoreExisting: boolean;
  readonly modifyWindowSeconds: number;
  readonly delete: boolean;
  readonly perms: boolean;
  readonly times: boolean;
  readonly links: "keep" | "follow" | "skip";
}

/** Why a file is transferred. */
export type CopyReason = "new" | "type" | "size" | "time" | "contents" | "asked";

export type SkipReason =
  /** FIFO, device or socket: never opened. */
  | "special"
  /** The server could not lstat it: nothing is known of it. */
  | "unknown"
  /** Its name begins with .__: a Chirp server would not show it. */
  | "hidden"
  | "link"
  | "directory"
  | "newer"
  | "absent"
  | "present";

interface Both {
  readonly name: BytePath;
  readonly source: FileStat;
  readonly target: FileStat | null;
}

export type Action =
  | (Both & { readonly kind: "copy"; readonly reason: CopyReason })
  /** Same contents, other time or mode. */
  | (Both & { readonly kind: "attributes"; readonly time: boolean; readonly mode: boolean })
  | (Both & { readonly kind: "unchanged" })
  /** Decided only by asking the servers: hashes of two files, or what two links hold. */
  | (Both & { readonly kind: "compare"; readonly by: "hash" | "link" })
  /** To be made (or made anew) as a link. */
  | (Both & { readonly kind: "link"; readonly reason: CopyReason })
  /** To be descended into; made first where the target has none, or has something else in its place. */
  | (Both & { readonly kind: "directory" })
  /** The target has a directory where the source has none: it must be emptied and removed before. */
  | (Both & { readonly kind: "conflict" })
  | { readonly kind: "extraneous"; readonly name: BytePath; readonly target: FileStat }
  | { readonly kind: "skip"; readonly name: BytePath; readonly reason: SkipReason };

/**
 * The actions for one directory, sorted by name. `target` is null for a directory that is not there yet. Entries that
 * `selection` leaves out give no action on either side.
 *
 *     source        target           action
 *     file          –                copy, new
 *     file 10 B     file 10 B, same mtime      unchanged
 *     file          link             copy, type
 *     file          directory        conflict
 *     directory     –                directory
 *     –             file             extraneous, with `delete`
 *     FIFO          anything         skip, special
 */
export function planDirectory(
  source: readonly DirectoryEntry[],
  target: readonly DirectoryEntry[] | null,
  selection: Selection,
  policy: PlanPolicy,
): Action[] {
  const targets = new Map((target ?? []).map((entry) => [entry.name, entry.stat]));
  const actions: Action[] = [];
  for (const { name, stat } of source) {
    const there = targets.get(name) ?? null;
    targets.delete(name);
    if (selection(name, stat)) actions.push(planEntry(name, stat, there, policy));
  }
  if (policy.delete) {
    for (const [name, stat] of targets) {
      // What the server could not lstat is left alone: it may be anything.
      if (fileType(stat) === "unknown" || !selection(name, stat)) continue;
      if (fileType(stat) === "directory" && !policy.recursive) continue;
      actions.push({ kind: "extraneous", name, target: stat });
    }
  }
  return actions.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** A "compare" when its question has been answered. */
export function settleComparison(
  action: Extract<Action, { kind: "compare" }>,
  equal: boolean,
  policy: PlanPolicy,
): Action {
  const { name, source, target, by } = action;
  if (by === "link") {
    return equal
      ? { kind: "unchanged", name, source, target }
      : { kind: "link", name, source, target, reason: "contents" };
  }
  return equal
    ? sameContents(name, source, target, policy)
    : { kind: "copy", name, source, target, reason: "contents" };
}

function planEntry(name: BytePath, source: FileStat, target: FileStat | null, policy: PlanPolicy): Action {
  if (name.startsWith(".__")) return { kind: "skip", name, reason: "hidden" };
  const there = target === null ? "none" : fileType(target);
  switch (fileType(source)) {
    case "special":
      return { kind: "skip", name, reason: "special" };
    case "unknown":
      return { kind: "skip", name, reason: "unknown" };
    case "directory":
      return planSubdirectory(name, source, target, policy);
    case "link":
      if (policy.links === "skip") return { kind: "skip", name, reason: "link" };
      break;
    case "file":
      break;
  }
  if (there === "unknown") return { kind: "skip", name, reason: "unknown" };
  if (there === "none") {
    return policy.existing ? { kind: "skip", name, reason: "absent" } : transfer(name, source, target, "new");
  }
  if (policy.ignoreExisting) return { kind: "skip", name, reason: "present" };
  if (there === "directory") return { kind: "conflict", name, source, target };
  if (target === null || there !== fileType(source)) return transfer(name, source, target, "type");
  return fileType(source) === "link" ? planLink(name, source, target) : planFile(name, source, target, policy);
}

function planSubdirectory(name: BytePath, source: FileStat, target: FileStat | null, policy: PlanPolicy): Action {
  if (!policy.recursive) return { kind: "skip", name, reason: "directory" };
  if (target !== null && fileType(target) === "unknown") return { kind: "skip", name, reason: "unknown" };
  if (target === null && policy.existing) return { kind: "skip", name, reason: "absent" };
  if (target !== null && fileType(target) !== "directory" && policy.ignoreExisting) {
    return { kind: "skip", name, reason: "present" };
  }
  return { kind: "directory", name, source, target };
}

/** A link's own time cannot be set through Chirp, so what it holds is compared; unequal lengths answer that already. */
function planLink(name: BytePath, source: FileStat, target: FileStat): Action {
  if (source.size !== target.size) return { kind: "link", name, source, target, reason: "contents" };
  return { kind: "compare", name, source, target, by: "link" };
}

function planFile(name: BytePath, source: FileStat, target: FileStat, policy: PlanPolicy): Action {
  if (policy.update && target.mtime > source.mtime + policy.modifyWindowSeconds) {
    return { kind: "skip", name, reason: "newer" };
  }
  if (source.size !== target.size) return transfer(name, source, target, "size");
  if (policy.ignoreTimes) return transfer(name, source, target, "asked");
  if (policy.checksum) {
    return source.size === 0
      ? sameContents(name, source, target, policy)
      : { kind: "compare", name, source, target, by: "hash" };
  }
  if (!policy.sizeOnly && !sameTime(source, target, policy)) return transfer(name, source, target, "time");
  return sameContents(name, source, target, policy);
}

function sameContents(name: BytePath, source: FileStat, target: FileStat | null, policy: PlanPolicy): Action {
  const time = policy.times && target !== null && !sameTime(source, target, policy);
  const mode = policy.perms && target !== null && chirpMode(source.mode) !== chirpMode(target.mode);
  if (time || mode) return { kind: "attributes", name, source, target, time, mode };
  return { kind: "unchanged", name, source, target };
}

/** The permissions that a Chirp server stores: it adds rw for the owner and keeps no owner's x apart from those of others. */
export function chirpMode(mode: number): number {
  return (mode & 0o777) | 0o600;
}

/** The same of a directory, whose owner may do everything. */
export function directoryModeOf({ mode }: FileStat): number {
  return (mode & 0o777) | 0o700;
}

function sameTime(source: FileStat, target: FileStat, policy: PlanPolicy): boolean {
  return Math.abs(source.mtime - target.mtime) <= policy.modifyWindowSeconds;
}

function transfer(name: BytePath, source: FileStat, target: FileStat | null, reason: CopyReason): Action {
  const kind = fileType(source) === "link" ? "link" : "copy";
  return { kind, name, source, target, reason };
}
