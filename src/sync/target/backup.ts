import { joinPath, parentPath } from "../../chirp/byte_path.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, FileStat } from "../../protocol.ts";
import { whenMade } from "./half_made.ts";
import { moveEntry } from "./rename.ts";
import { normalizePath } from "../store/endpoint.ts";
import { doneWhenThere, statOrUnknown } from "../store/store.ts";
import { type TargetRun, targetPath } from "./target_run.ts";

/** Moves what is about to be replaced or deleted to --backup-dir, under its own relative path. Nothing without that option. */
export async function backUp(run: TargetRun, relative: BytePath, target: FileStat): Promise<boolean> {
  const directory = backupRoot(run);
  if (directory === null) return false;
  const destination = joinPath(directory, relative);
  const move = () => moveEntry(run.store, target, targetPath(run, relative), destination);
  try {
    await move();
    return true;
  } catch (error) {
    if (!(error instanceof ChirpError) || error.blame === "server") throw error;
  }
  // Most often its directory is not there yet; if it is something else, the second try says so.
  const parent = parentPath(destination);
  await makeParents(run, parent);
  await whenMade(run.store, parent, move);
  return true;
}

/** Moves back what backUp moved, since what was to replace it did not come. */
export async function restoreBackup(run: TargetRun, relative: BytePath, target: FileStat): Promise<void> {
  const directory = backupRoot(run);
  if (directory === null) return;
  await moveEntry(run.store, target, joinPath(directory, relative), targetPath(run, relative));
}

/** The backup directory's absolute path, or null. A relative one is in the target directory. */
export function backupRoot(run: Pick<TargetRun, "options" | "root">): BytePath | null {
  const { backupDirectory } = run.options;
  if (backupDirectory === null) return null;
  return normalizePath(backupDirectory, run.root);
}

/** Other files of the same directory are backed up at the same time: a directory may be there by now, or be just coming. */
async function makeParents(run: TargetRun, path: BytePath): Promise<void> {
  if (path === "/") return;
  const make = () => doneWhenThere(run.store.call({ kind: "mkdir", path, mode: 0o755 }));
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof ChirpError) || error.blame === "server") throw error;
    if ((await statOrUnknown(run.store, path)) !== null) return;
  }
  const parent = parentPath(path);
  await makeParents(run, parent);
  await whenMade(run.store, parent, make);
}
