import { fileType } from "../../chirp/file_stat.ts";
import { applyLink } from "./apply_directory.ts";
import { copyFiles } from "./copy_files.ts";
import type { Conflict } from "./deletions.ts";
import { setDirectoryTime } from "./finish_directory.ts";
import { type DirectoryNode, recordFailure, type TargetRun } from "./target_run.ts";

/**
 * Copies what could not be copied before because the target has a directory in its place. That one is removed when what takes its place
 * lies ready: where the copy fails, it stays.
 */
export async function resolveConflicts(run: TargetRun, conflicts: readonly Conflict[]): Promise<void> {
  for (const [node, own] of Map.groupBy(conflicts, (conflict) => conflict.node)) {
    if (run.stop.aborted) return;
    try {
      await resolveIn(run, node, own);
      if (node.parent !== null) await setDirectoryTime(run, node);
    } catch (error) {
      recordFailure(run, node.path, "copy into directory", error);
    }
  }
}

/** What resolveConflicts would do, for a dry run. */
export function countResolved({ counts }: TargetRun, conflicts: readonly Conflict[]): void {
  for (const { source } of conflicts) {
    counts.copied++;
    if (fileType(source) === "file") counts.bytes += source.size;
  }
}

async function resolveIn(run: TargetRun, node: DirectoryNode, conflicts: readonly Conflict[]): Promise<void> {
  const byName = new Map(conflicts.map((conflict) => [conflict.name, conflict]));
  /** Asked when all is ready: a run that is told to end by then leaves the directory as it is. */
  const makeRoom = async (name: string) => !run.stop.aborted && (await byName.get(name)!.clear());
  const files = conflicts.filter(({ source }) => fileType(source) === "file");
  if (files.length > 0) {
    const copies = files.map(({ name, source }) => ({ name, source, target: null }));
    await copyFiles(run, node, copies, ({ name }) => makeRoom(name));
  }
  for (const { name, source } of conflicts) {
    if (run.stop.aborted) return;
    if (fileType(source) !== "link") continue;
    const action = { kind: "link", name, source, target: null, reason: "type" } as const;
    await run.transfers.run(() => applyLink(run, node, action, () => makeRoom(name)));
  }
}
