/** A directory of the source, brought into being on the target. */
import { fileType } from "../../chirp/file_stat.ts";
import { ChirpError } from "../../errors.ts";
import type { FileStat } from "../../protocol.ts";
import { backUp } from "./backup.ts";
import { isLink, overLink } from "./rename.ts";
import { lstatOrNull } from "../store/store.ts";
import { type DirectoryNode, type TargetRun, targetPath } from "./target_run.ts";

/** What a new directory gets. */
export function directoryMode({ options }: TargetRun, source: FileStat): number {
  return options.perms ? source.mode & 0o777 : 0o755;
}

/** mkdir at its place; one that is there already, made meanwhile or by a first try whose answer was lost, is as good. */
export async function makeDirectory(run: TargetRun, node: DirectoryNode): Promise<void> {
  await run.staging.open();
  const path = targetPath(run, node.path);
  try {
    await run.store.call({ kind: "mkdir", path, mode: directoryMode(run, node.source) });
  } catch (error) {
    if (!(error instanceof ChirpError) || error.code !== "EEXIST") throw error;
    const there = await lstatOrNull(run.store, path);
    if (there === null || fileType(there) !== "directory") throw error;
  }
  node.touched = true;
}

/**
 * Moves out of the way what the target has in a directory's place: a file, a link, a device. To the backup directory, or into staging,
 * whence it goes at the end. What it was is replaced, as an older file is by a newer one.
 */
export async function makeWay(run: TargetRun, node: DirectoryNode): Promise<void> {
  await run.staging.open();
  if (await backUp(run, node.path)) return;
  const path = targetPath(run, node.path);
  await overLink(isLink(node.target), () => run.store.call({ kind: "rename", path, newPath: run.staging.newPath() }));
}
