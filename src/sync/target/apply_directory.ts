/** Carries out the plan of one directory, subdirectories not included. */
import { fileType } from "../../chirp/file_stat.ts";
import { ChirpError } from "../../errors.ts";
import { backUp, restoreBackup } from "./backup.ts";
import { copyRights } from "./copy_rights.ts";
import { copyFiles } from "./copy_files.ts";
import type { FileCopy } from "./file_copy.ts";
import { makeDirectory } from "./make_directory.ts";
import type { Action } from "../plan/plan.ts";
import { renameIntoPlace } from "./rename.ts";
import { doneWhenThere } from "../store/store.ts";
import { splitForStaging, stageDirectory, stagedRightsAgree } from "./stage_directory.ts";
import {
  type DirectoryNode,
  endsRun,
  recordFailure,
  sourcePath,
  type TargetRun,
  targetPath,
  within,
} from "./target_run.ts";
import { parentPath } from "../../chirp/byte_path.ts";
import type { BytePath, FileStat } from "../../protocol.ts";

type LinkAction = Extract<Action, { kind: "link" }>;
type AttributesAction = Extract<Action, { kind: "attributes" }>;

/** Makes the directory if need be, then files, links, times and modes in it. Throws only what ends the whole run. */
export async function applyDirectory(run: TargetRun, node: DirectoryNode, actions: readonly Action[]): Promise<void> {
  if (node.parent !== null && !(await node.parent.made.promise)) {
    // Said once, for the directory that could not be made.
    node.made.resolve(false);
    run.counts.failed += actions.filter(isWork).length + 1;
    return;
  }
  if (run.stop.aborted) {
    node.made.resolve(false);
    return;
  }
  const files = actions.filter((action) => action.kind === "copy");
  try {
    let rest: readonly FileCopy[] = files;
    // The top was made before anything else: staging lies in it.
    if (node.isNew && node.parent !== null) rest = await bringIntoBeing(run, node, files);
    node.made.resolve(true);
    if (rest.length > 0) await copyFiles(run, node, rest);
  } catch (error) {
    node.made.resolve(!node.isNew);
    if (!(error instanceof ChirpError) || endsRun(error)) throw error;
    recordFailure(run, node.path, node.isNew ? "make directory" : "copy into directory", error);
    return;
  }
  for (const action of actions) {
    if (run.stop.aborted) return;
    if (action.kind === "link") await run.transfers.run(() => applyLink(run, node, action));
    if (action.kind === "attributes") await run.transfers.run(() => applyAttributes(run, node, action));
  }
  if (run.options.acls) await copyRights(run, node);
}

/** The files that are still to be copied once the directory exists. */
async function bringIntoBeing(
  run: TargetRun,
  node: DirectoryNode,
  files: readonly FileCopy[],
): Promise<readonly FileCopy[]> {
  const { first, later } = splitForStaging(files);
  const isWhole = first.length > 0 && (await stagedRightsAgree(run, node));
  const missing = isWhole ? await stageDirectory(run, node, first) : [];
  if (!isWhole) await makeDirectory(run, node);
  if (node.parent !== null) {
    node.parent.touched = true;
    if (!isWhole) node.rightsAgree = node.parent.rightsAgree;
  }
  run.counts.directories++;
  return isWhole ? [...missing, ...later] : files;
}

/** `makeRoom`: removes what is in the link's place, once it is known what the link holds; false: it is not to be made. */
export async function applyLink(
  run: TargetRun,
  node: DirectoryNode,
  { name, target }: LinkAction,
  makeRoom: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<void> {
  const relative = within(node.path, name);
  const path = sourcePath(run, relative);
  try {
    await run.staging.open();
    const held = await run.source.ask(parentPath(path), `readlink ${path}`, (store) =>
      store.call({ kind: "readlink", path }),
    );
    if (!(await makeRoom())) return;
    const isBackedUp = target !== null && (await backUp(run, relative, target));
    const replaces = isBackedUp ? null : target;
    try {
      if (replaces !== null || !(await makeNewLink(run, relative, held)))
        await replaceByLink(run, relative, held, replaces);
    } catch (error) {
      if (isBackedUp) await restoreBackup(run, relative, target);
      throw error;
    }
    node.touched = true;
    if (target === null) run.counts.copied++;
    else run.counts.updated++;
  } catch (error) {
    if (error instanceof ChirpError && error.code === "ENOENT" && error.operation === "readlink") run.counts.vanished++;
    else recordFailure(run, relative, "make link", error);
  }
}

/**
 * A new link is there at once, so that it needs no staging; and a rename the server would refuse where the link leads to what may not
 * be written. False: something has come there meanwhile.
 */
async function makeNewLink(run: TargetRun, relative: BytePath, held: BytePath): Promise<boolean> {
  try {
    await run.store.call({ kind: "symlink", path: targetPath(run, relative), target: held });
    return true;
  } catch (error) {
    if (!(error instanceof ChirpError) || error.code !== "EEXIST") throw error;
    return false;
  }
}

/** The link is made in staging and renamed, so that readers see the old or the new one. */
async function replaceByLink(
  run: TargetRun,
  relative: BytePath,
  held: BytePath,
  replaces: FileStat | null,
): Promise<void> {
  const staging = run.staging.newPath();
  await doneWhenThere(run.store.call({ kind: "symlink", path: staging, target: held }));
  await renameIntoPlace(run.store, run.staging, {
    from: staging,
    to: targetPath(run, relative),
    replaces,
    isLink: true,
    hasArrived: (there) => fileType(there) === "link",
  });
}

async function applyAttributes(run: TargetRun, node: DirectoryNode, action: AttributesAction): Promise<void> {
  const relative = within(node.path, action.name);
  const path = targetPath(run, relative);
  try {
    await run.staging.open();
    if (action.mode) await run.store.call({ kind: "chmod", path, mode: action.source.mode & 0o777 });
    if (action.time) await run.store.call({ kind: "utime", path, mtime: action.source.mtime });
    run.counts.updated++;
  } catch (error) {
    recordFailure(run, relative, "set time", error);
  }
}

function isWork(action: Action): boolean {
  return action.kind === "copy" || action.kind === "link" || action.kind === "attributes";
}
