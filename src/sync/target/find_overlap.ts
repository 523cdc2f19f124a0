/** Whether source and target are the same directory, or one inside the other, whatever names their servers go by: asked of the servers. */
import { joinPath, parentPath } from "../../chirp/byte_path.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, FileStat } from "../../protocol.ts";
import { relate, sameDirectory, sourceInTarget, targetInSource } from "../options/overlap.ts";
import { lstatOrNull, nullWhenMissing, statOrUnknown, type Store } from "../store/store.ts";

export interface Place {
  readonly store: Store;
  /** "address:port", resolved. */
  readonly server: string;
  readonly directory: BytePath;
}

/** A sentence that says how they overlap, or null. Nothing is written unless the two cannot be told apart otherwise. */
export async function findOverlap(source: Place, target: Place, mayWrite: boolean): Promise<string | null> {
  if (source.server === target.server) {
    const byName = relate(source.directory, target.directory);
    if (byName !== null) return byName;
  }
  // One server may have two names and two ports, and a path may lead through a link: what a directory is, its inode and times tell.
  const [sourceStats, targetStats] = await Promise.all([statAncestors(source), statAncestors(target)]);
  const sourceRoot = sourceStats[0];
  const targetRoot = targetStats[0];
  for (const [levels, stat] of targetStats.entries()) {
    if (!isSame(stat, sourceRoot)) continue;
    const below = target.directory
      .split("/")
      .slice(1)
      .slice(-levels || Infinity)
      .join("/");
    const candidate = levels === 0 ? source.directory : joinPath(source.directory, below);
    if (await isProven(source, target, candidate, mayWrite)) {
      return levels === 0 ? sameDirectory : targetInSource;
    }
  }
  for (const [levels, stat] of sourceStats.entries()) {
    if (levels === 0 || !isSame(stat, targetRoot)) continue;
    if (await isProven(source, target, ancestor(source.directory, levels), mayWrite)) return sourceInTarget;
  }
  return null;
}

/**
 * The directory itself first, then its parents up to the root; null where there is nothing, or nothing that may be looked at: what the
 * two have in common it is not.
 */
async function statAncestors({ store, directory }: Place): Promise<(FileStat | null)[]> {
  const paths: BytePath[] = [];
  for (let path = directory; ; path = parentPath(path)) {
    paths.push(path);
    if (path === "/") break;
  }
  return await Promise.all(paths.map((path) => statOrUnknown(store, path)));
}

function isSame(a: FileStat | null | undefined, b: FileStat | null | undefined): boolean {
  if (a === null || b === null || a === undefined || b === undefined) return false;
  return a.inode === b.inode && a.ctime === b.ctime && a.mtime === b.mtime;
}

/** Two machines made from one image have equal inodes and times: only what is written on one side and seen on the other proves it. */
async function isProven(source: Place, target: Place, candidate: BytePath, mayWrite: boolean): Promise<boolean> {
  if (!mayWrite) return true;
  const name = `.__chirpsync-${crypto.getRandomValues(new Uint8Array(6)).toHex()}`;
  const isThere = (await lstatOrNull(target.store, target.directory)) !== null;
  const [own, others] = isThere ? [target.directory, candidate] : [parentPath(target.directory), parentPath(candidate)];
  const marker = joinPath(own, name);
  try {
    await target.store.call({ kind: "putFile", path: marker, bytes: new Uint8Array([10]), mode: 0o644 });
  } catch (error) {
    // What cannot be proven to be apart is not written to.
    if (error instanceof ChirpError && error.blame === "path") return true;
    throw error;
  }
  try {
    return (await lstatOrNull(source.store, joinPath(others, name))) !== null;
  } finally {
    await nullWhenMissing(target.store.call({ kind: "unlink", path: marker }));
  }
}

function ancestor(path: BytePath, levels: number): BytePath {
  let result = path;
  for (let level = 0; level < levels; level++) result = parentPath(result);
  return result;
}
