/** A directory that is new on the target, made whole in staging and moved to its name once: no rename a file. */
import { joinPath } from "../../chirp/byte_path.ts";
import { fileType } from "../../chirp/file_stat.ts";
import type { BytePath } from "../../protocol.ts";
import { copyBatch, type Destination, type Staged } from "./copy_files.ts";
import type { FileCopy } from "./file_copy.ts";
import { directoryMode, makeWay } from "./make_directory.ts";
import { renameIntoPlace } from "./rename.ts";
import { SMALL_FILE_BYTES } from "./stage_file.ts";
import { interrupted } from "../store/retrying_store.ts";
import { doneWhenThere, listDirectory } from "../store/store.ts";
import { type DirectoryNode, type TargetRun, targetPath } from "./target_run.ts";

/** With one file the directory costs as many RPCs in its place. */
const FILES_MIN = 2;
/** More would lie unseen for long; the rest follows into the directory that is there by then. */
const FILES_MAX = 1000;

/** The files that are worth staging with their directory, and those that follow afterwards. */
export function splitForStaging(files: readonly FileCopy[]): { first: FileCopy[]; later: FileCopy[] } {
  const small = files.filter(({ source }) => source.size <= SMALL_FILE_BYTES);
  const first = small.length < FILES_MIN ? [] : small.slice(0, FILES_MAX);
  const chosen = new Set(first);
  return { first, later: files.filter((file) => !chosen.has(file)) };
}

/**
 * Whether a directory made in staging has the rights that mkdir in its real parent would give it. mkdir copies the parent's
 * rights, except where these reserve a namespace of one's own for each user (v).
 */
export async function stagedRightsAgree(run: TargetRun, node: DirectoryNode): Promise<boolean> {
  const { parent } = node;
  if (parent === null) return false;
  parent.rightsAgree ??= compareRights(run, parent);
  return await parent.rightsAgree;
}

async function compareRights(run: TargetRun, directory: DirectoryNode): Promise<boolean> {
  await run.staging.open();
  const staged = await run.staging.rights();
  if (staged.some((line) => /\sv|v\(|\s\S*v/.test(line))) return false;
  const real = await run.store.call({ kind: "getAcl", path: targetPath(run, directory.path) });
  return staged.join("\n") === real.join("\n");
}

/**
 * Makes the directory in staging with these files, and moves it to its name. The files are counted when they are there. Those that were
 * good and are not there are given back, to be copied once more.
 */
export async function stageDirectory(
  run: TargetRun,
  node: DirectoryNode,
  files: readonly FileCopy[],
): Promise<readonly FileCopy[]> {
  await run.staging.open();
  const staging = run.staging.newPath();
  await doneWhenThere(run.store.call({ kind: "mkdir", path: staging, mode: directoryMode(run, node.source) }));
  const good: Staged[] = [];
  const destination: Destination = {
    stagingPath: ({ name }: FileCopy): BytePath => joinPath(staging, name),
    publish: async (staged) => void good.push(staged),
  };
  await copyBatch(run, node, files, destination);
  // What is there stays when only part of what is to replace it has come.
  if (node.target !== null && run.stop.aborted) throw interrupted(run.store.server, "rename");
  await makeWay(run, node, () =>
    renameIntoPlace(run.store, run.staging, {
      from: staging,
      to: targetPath(run, node.path),
      replaces: null,
      hasArrived: (there) => fileType(there) === "directory",
    }),
  );
  node.rightsAgree = Promise.resolve(true);
  node.touched = true;
  const missing = good.some(({ wasRepeated }) => wasRepeated) ? await findMissing(run, node, good) : [];
  run.counts.copied += good.length - missing.length;
  return missing;
}

/** Under its own name a directory is safe from what removes files from staging late. */
async function findMissing(run: TargetRun, node: DirectoryNode, files: readonly FileCopy[]): Promise<FileCopy[]> {
  const entries = await listDirectory(run.store, targetPath(run, node.path));
  const sizes = new Map(entries.map(({ name, stat }) => [name, stat.size]));
  return files.filter(({ name, source }) => sizes.get(name) !== source.size);
}
