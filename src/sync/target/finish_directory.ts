import { directoryModeOf } from "../plan/plan.ts";
import { recordFailure, type DirectoryNode, type TargetRun, targetPath } from "./target_run.ts";

/**
 * One part of a directory, itself or a subdirectory, is done; when it was the last, the directory's time is set: after all below it,
 * since whatever is made in it changes it again. The top's time is set at the very end of the run.
 */
export async function finishNode(run: TargetRun, node: DirectoryNode): Promise<void> {
  for (let current: DirectoryNode | null = node; current !== null; current = current.parent) {
    current.pending--;
    if (current.pending > 0) return;
    if (current.parent === null) continue;
    await setDirectoryMode(run, current);
    await setDirectoryTime(run, current);
  }
}

/** What mkdir through Chirp makes of every mode. */
const NEW_DIRECTORY_MODE = 0o700;

/** With --perms. */
export async function setDirectoryMode(run: TargetRun, node: DirectoryNode): Promise<void> {
  const { options } = run;
  if (!options.perms || !options.recursive) return;
  const found = node.isNew || node.target === null ? NEW_DIRECTORY_MODE : directoryModeOf(node.target);
  if (found === directoryModeOf(node.source) || !(await node.made.promise)) return;
  try {
    await run.staging.open();
    const mode = node.source.mode & 0o777;
    await run.store.call({ kind: "chmod", path: targetPath(run, node.path), mode });
  } catch (error) {
    recordFailure(run, node.path, "set mode", error);
  }
}

/** Nothing is sent when the time is right already. */
export async function setDirectoryTime(run: TargetRun, node: DirectoryNode): Promise<void> {
  if (hasRightTime(run, node) || !(await node.made.promise)) return;
  try {
    await run.staging.open();
  } catch (error) {
    return recordFailure(run, node.path, "set time", error);
  }
  await setTime(run, node);
}

/** As setDirectoryTime, for the top, after staging is gone: that changes the top's time as well. */
export async function setTopTime(run: TargetRun, node: DirectoryNode): Promise<void> {
  if (!hasRightTime(run, node)) await setTime(run, node);
}

function hasRightTime({ options }: TargetRun, node: DirectoryNode): boolean {
  if (!options.times || !options.recursive) return true;
  return !node.touched && !node.isNew && node.target?.mtime === node.source.mtime;
}

async function setTime(run: TargetRun, node: DirectoryNode): Promise<void> {
  try {
    await run.store.call({ kind: "utime", path: targetPath(run, node.path), mtime: node.source.mtime });
    node.touched = false;
  } catch (error) {
    recordFailure(run, node.path, "set time", error);
  }
}
