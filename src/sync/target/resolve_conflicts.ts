import { applyDirectory } from "./apply_directory.ts";
import { setDirectoryTime } from "./finish_directory.ts";
import { planDirectory } from "../plan/plan.ts";
import { selectIn } from "../selection/selection.ts";
import { listDirectory } from "../store/store.ts";
import { type DirectoryNode, sourcePath, type TargetRun, targetPath } from "./target_run.ts";

/**
 * Copies what could not be copied before because the target had a directory in its place, which the deletions have removed by now.
 * Each of these directories is listed and planned once more, for what is missing there alone.
 */
export async function resolveConflicts(run: TargetRun, nodes: readonly DirectoryNode[]): Promise<void> {
  for (const node of nodes) {
    if (run.stop.aborted) return;
    const [source, target] = await Promise.all([
      run.source.list(sourcePath(run, node.path)),
      listDirectory(run.store, targetPath(run, node.path)),
    ]);
    const actions = planDirectory(source, target, selectIn(node.path, run.rules), run.options).filter(
      (action) => (action.kind === "copy" || action.kind === "link") && action.target === null,
    );
    await applyDirectory(run, node, actions);
    if (node.parent !== null) await setDirectoryTime(run, node);
  }
}
