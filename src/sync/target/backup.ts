import { joinPath, parentPath } from "../../chirp/byte_path.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath } from "../../protocol.ts";
import { normalizePath } from "../store/endpoint.ts";
import { nullWhenMissing } from "../store/store.ts";
import { type TargetRun, targetPath } from "./target_run.ts";

/** Moves what is about to be replaced or deleted to --backup-dir, under its own relative path. Nothing without that option. */
export async function backUp(run: TargetRun, relative: BytePath): Promise<boolean> {
  const directory = backupRoot(run);
  if (directory === null) return false;
  const destination = joinPath(directory, relative);
  const from = targetPath(run, relative);
  try {
    await run.store.call({ kind: "rename", path: from, newPath: destination });
    return true;
  } catch (error) {
    if (!(error instanceof ChirpError) || error.blame === "server") throw error;
  }
  // Most often its directory is not there yet; if it is something else, the second try says so.
  await makeParents(run, parentPath(destination));
  await run.store.call({ kind: "rename", path: from, newPath: destination });
  return true;
}

/** Moves back what backUp moved, since what was to replace it did not come. */
export async function restoreBackup(run: TargetRun, relative: BytePath): Promise<void> {
  const directory = backupRoot(run);
  if (directory === null) return;
  await run.store.call({ kind: "rename", path: joinPath(directory, relative), newPath: targetPath(run, relative) });
}

/** The backup directory's absolute path, or null. A relative one is in the target directory. */
export function backupRoot(run: Pick<TargetRun, "options" | "root">): BytePath | null {
  const { backupDirectory } = run.options;
  if (backupDirectory === null) return null;
  return normalizePath(backupDirectory, run.root);
}

async function makeParents(run: TargetRun, path: BytePath): Promise<void> {
  if (path === "/") return;
  try {
    await run.store.call({ kind: "mkdir", path, mode: 0o755 });
  } catch (error) {
    if (!(error instanceof ChirpError) || error.blame === "server") throw error;
    if (error.code === "EEXIST") return;
    const there = await nullWhenMissing(run.store.call({ kind: "lstat", path }));
    if (there !== null) return;
    const parent = parentPath(path);
    await makeParents(run, parent);
    await run.store.call({ kind: "mkdir", path, mode: 0o755 });
  }
}
