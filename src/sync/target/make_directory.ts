/** A directory of the source, brought into being on the target. */
import { fileType } from "../../chirp/file_stat.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, FileStat } from "../../protocol.ts";
import { backUp, restoreBackup } from "./backup.ts";
import { isLink, moveEntry, overLink } from "./rename.ts";
import { lstatOrNull } from "../store/store.ts";
import { type DirectoryNode, type TargetRun, targetPath } from "./target_run.ts";

/** What a new directory gets. */
export function directoryMode({ options }: TargetRun, source: FileStat): number {
  return options.perms ? source.mode & 0o777 : 0o755;
}

/** mkdir at its place; one that is there already, made meanwhile or by a first try whose answer was lost, is as good. */
export async function makeDirectory(run: TargetRun, node: DirectoryNode): Promise<void> {
  await run.staging.open();
  await makeWay(run, node, () => make(run, node));
  node.touched = true;
}

async function make(run: TargetRun, node: DirectoryNode): Promise<void> {
  const path = targetPath(run, node.path);
  try {
    await run.store.call({ kind: "mkdir", path, mode: directoryMode(run, node.source) });
  } catch (error) {
    if (!(error instanceof ChirpError) || error.code !== "EEXIST") throw error;
    const there = await lstatOrNull(run.store, path);
    if (there === null || fileType(there) !== "directory") throw error;
  }
}

/**
 * Brings a directory to its name. What else the target has there is moved out of the way just before, and back when the directory does
 * not come: to the backup directory, or into staging, whence it goes at the end. What it was is replaced, as an older file is by a newer one.
 */
export async function makeWay(run: TargetRun, node: DirectoryNode, bring: () => Promise<void>): Promise<void> {
  const { target } = node;
  if (target === null) return await bring();
  const path = targetPath(run, node.path);
  const aside = run.staging.newPath();
  const move = (from: BytePath, to: BytePath) => overLink(isLink(target), () => moveEntry(run.store, target, from, to));
  const isBackedUp = await backUp(run, node.path, target);
  if (!isBackedUp) await move(path, aside);
  try {
    await bring();
  } catch (error) {
    if (isBackedUp) await restoreBackup(run, node.path, target);
    else await move(aside, path);
    throw error;
  }
}
