/** Brings files of one directory to the target: into staging first, then, when the source proves unchanged, to their names. */
import { baseName, joinPath, parentPath } from "../../chirp/byte_path.ts";
import { fileType, isSameVersion } from "../../chirp/file_stat.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, DirectoryEntry } from "../../protocol.ts";
import { backUp, restoreBackup } from "./backup.ts";
import { type FileCopy, isSourceChange } from "./file_copy.ts";
import { renameIntoPlace } from "./rename.ts";
import { waitUntilSettled } from "./settle.ts";
import { isInPieces, type StagedFile, stageFile } from "./stage_file.ts";
import { listDirectory, lstatOrNull, nullWhenMissing } from "../store/store.ts";
import {
  type DirectoryNode,
  endsRun,
  recordFailure,
  sourcePath,
  type TargetRun,
  targetPath,
  within,
} from "./target_run.ts";

/** A file whose contents lie in staging. */
export type Staged = FileCopy & StagedFile;

/** A source that changes during every one of so many copies is unstable. */
const TRIES = 3;
/** Files and bytes that may lie in staging before they get their names: it is space that the target needs besides. */
const BATCH_FILES = 1000;
const BATCH_BYTES = 1024 * 1024 * 1024;

/** Where staged files go when the source proved unchanged. */
export interface Destination {
  /** Where to stage the next file. */
  stagingPath(file: FileCopy): BytePath;
  /** The staged file is good. */
  publish(staged: Staged): Promise<void>;
}

/** Copies into a directory that exists, one rename a file. Failures of single files are recorded, not thrown. */
export async function copyFiles(
  run: TargetRun,
  node: DirectoryNode,
  files: readonly FileCopy[],
  /** Removes what is in the place of a file that lies ready; false: it is not to come. */
  makeRoom: (file: FileCopy) => Promise<boolean> = () => Promise.resolve(true),
): Promise<void> {
  await run.staging.open();
  const destination: Destination = {
    stagingPath: () => run.staging.newPath(),
    publish: (staged) =>
      run.transfers.run(async () => {
        if (await makeRoom(staged)) await publish(run, node, staged);
        else await discard(run, staged.staging);
      }),
  };
  for (const batch of batches(files)) {
    if (run.stop.aborted) return;
    await copyBatch(run, node, batch, destination);
  }
}

/** Stages the files and publishes them, in one go where there is room for it. */
export async function copyBatch(
  run: TargetRun,
  node: DirectoryNode,
  files: readonly FileCopy[],
  destination: Destination,
): Promise<void> {
  const crowded: FileCopy[] = [];
  await copyUnchanged(run, node, files, destination, (file) => void crowded.push(file));
  // What found no room, perhaps only because of what lay beside it in staging, or of old versions that are replaced by now: once more, one
  // by one, the small ones first. Where one finds no room, no larger one does.
  let noRoom: ChirpError | null = null;
  for (const file of crowded.toSorted((a, b) => a.source.size - b.source.size)) {
    if (noRoom === null) await copyUnchanged(run, node, [file], destination, (_, error) => void (noRoom = error));
    if (noRoom !== null) recordFailure(run, within(node.path, file.name), "copy", noRoom);
  }
}

/** The target has no room for a file. */
type TellFull = (file: FileCopy, error: ChirpError) => void;

/**
 * Stages the files, lists the source directory again, and publishes those that are still the same version. The others are
 * staged again; what keeps changing is reported as unstable, and the target keeps its old file.
 */
async function copyUnchanged(
  run: TargetRun,
  node: DirectoryNode,
  files: readonly FileCopy[],
  destination: Destination,
  full: TellFull,
): Promise<void> {
  let rest = files;
  for (let attempt = 1; rest.length > 0 && !run.stop.aborted; attempt++) {
    const results = await stageAll(run, node, rest, destination, full);
    const directory = sourcePath(run, node.path);
    const now = new Map((await listAgain(run, directory)).map(({ name, stat }) => [name, stat]));
    const changed: FileCopy[] = [];
    const good: Staged[] = [];
    for (const { file, staged } of results) {
      const stat = now.get(file.name);
      if (stat === undefined || fileType(stat) !== "file") {
        run.counts.vanished++;
      } else if (staged === null || !isSameVersion(stat, file.source)) {
        run.source.forget(directory, joinPath(directory, file.name));
        if (attempt < TRIES) changed.push({ ...file, source: stat });
        else recordUnstable(run, within(node.path, file.name));
      } else {
        good.push({ ...file, ...staged });
        continue;
      }
      if (staged !== null) await discard(run, staged.staging);
    }
    await Promise.all(good.map((file) => destination.publish(file)));
    rest = changed;
  }
}

/** The directory as it is now; with nothing in it when it is gone. */
async function listAgain(run: TargetRun, directory: BytePath): Promise<readonly DirectoryEntry[]> {
  try {
    return await run.source.relist(directory);
  } catch (error) {
    const isGone =
      error instanceof ChirpError &&
      isSourceChange(run, error) &&
      (await lstatOrNull(run.sourceStore, directory)) === null;
    if (isGone) return [];
    throw error;
  }
}

interface StageResult {
  readonly file: FileCopy;
  /** Null: it changed while it was read. */
  readonly staged: StagedFile | null;
}

async function stageAll(
  run: TargetRun,
  node: DirectoryNode,
  files: readonly FileCopy[],
  destination: Destination,
  full: TellFull,
): Promise<StageResult[]> {
  const results: StageResult[] = [];
  const listedAt = performance.now();
  let isOver = false;

  async function stage(file: FileCopy): Promise<void> {
    await waitUntilSettled(run, file.source, listedAt);
    if (run.stop.aborted || isOver) return;
    const relative = within(node.path, file.name);
    let begun: BytePath | null = null;
    try {
      const staged = await stageFile(run, relative, file, () => (begun = destination.stagingPath(file)));
      results.push({ file, staged });
    } catch (error) {
      // Part of a file must not take the others' room, nor come into view with a directory that is staged whole.
      if (begun !== null && error instanceof ChirpError && !endsRun(error)) await discard(run, begun);
      if (error instanceof ChirpError && isSourceChange(run, error)) results.push({ file, staged: null });
      else if (error instanceof ChirpError && error.code === "ENOSPC") full(file, error);
      else recordFailure(run, relative, "copy", error);
    }
  }

  const tasks = files.map((file) =>
    run.transfers.run(() =>
      // A large one waits for its turn before it is begun: a run that is told to end does not begin those that wait.
      isInPieces(run, file.source) ? run.largeTransfers.run(() => stage(file)) : stage(file),
    ),
  );
  // What ends the run begins no more: each would be read, and wait for --bwlimit, for nothing.
  for (const task of tasks) task.catch(() => void (isOver = true));
  // All have ended before anything is thrown: nothing goes on behind the back of the caller.
  for (const result of await Promise.allSettled(tasks)) {
    if (result.status === "rejected") throw result.reason;
  }
  return results;
}

async function publish(run: TargetRun, node: DirectoryNode, staged: Staged): Promise<void> {
  const relative = within(node.path, staged.name);
  const { source, target, staging } = staged;
  try {
    const isBackedUp = target !== null && (await backUp(run, relative, target));
    try {
      await renameIntoPlace(run.store, run.staging, {
        from: staging,
        to: targetPath(run, relative),
        replaces: isBackedUp ? null : target,
        hasArrived: (there) => there.size === source.size && (!run.options.times || there.mtime === source.mtime),
      });
    } catch (error) {
      if (isBackedUp) await restoreBackup(run, relative, target);
      throw error;
    }
    node.touched = true;
    run.staging.forget(staging);
    if (target === null) run.counts.copied++;
    else run.counts.updated++;
  } catch (error) {
    recordFailure(run, relative, "copy", error);
  }
}

function recordUnstable(run: TargetRun, relative: BytePath): void {
  run.counts.unstable++;
  run.emit({
    kind: "warning",
    replica: run.replica,
    server: run.sourceStore.server,
    path: sourcePath(run, relative),
    action: "copy",
    code: "ESTALE",
    reason: `changed during each of ${TRIES} copies; the old copy is kept`,
  });
}

async function discard(run: TargetRun, staging: BytePath): Promise<void> {
  run.staging.forget(staging);
  try {
    await run.store.call({ kind: "unlink", path: staging });
  } catch (error) {
    if (!(error instanceof ChirpError) || error.blame !== "path") throw error;
    // Of a name that the target cannot have nothing was begun, and nothing can be removed.
    if (error.code !== "ENOENT" && (await isListed(run, staging))) throw error;
  }
}

async function isListed({ store }: TargetRun, path: BytePath): Promise<boolean> {
  const entries = await nullWhenMissing(listDirectory(store, parentPath(path)));
  return entries?.some(({ name }) => name === baseName(path)) ?? false;
}

function* batches(files: readonly FileCopy[]): Generator<FileCopy[]> {
  let batch: FileCopy[] = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length === BATCH_FILES || (batch.length > 0 && bytes + file.source.size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.source.size;
  }
  if (batch.length > 0) yield batch;
}
