/** Asks the servers what listings do not tell: whether two files have one hash, two links one text. */
import { parentPath } from "../../chirp/byte_path.ts";
import { ChirpError } from "../../errors.ts";
import { type Action, settleComparison } from "../plan/plan.ts";
import {
  type DirectoryNode,
  endsRun,
  longCall,
  recordFailure,
  sourcePath,
  type TargetRun,
  targetPath,
  within,
} from "./target_run.ts";

type Comparison = Extract<Action, { kind: "compare" }>;

/** The plan with its comparisons decided. What cannot be compared is recorded and left out. */
export async function decideComparisons(
  run: TargetRun,
  node: DirectoryNode,
  actions: readonly Action[],
): Promise<Action[]> {
  if (!actions.some(({ kind }) => kind === "compare")) return [...actions];
  const decided = await Promise.allSettled(
    actions.map(async (action) => (action.kind === "compare" ? await decide(run, node, action) : action)),
  );
  const result: Action[] = [];
  for (const one of decided) {
    if (one.status === "rejected") throw one.reason;
    if (one.value !== null) result.push(one.value);
  }
  return result;
}

async function decide(run: TargetRun, node: DirectoryNode, action: Comparison): Promise<Action | null> {
  const relative = within(node.path, action.name);
  try {
    const [there, here] = await run.transfers.run(() => ask(run, relative, action));
    return settleComparison(action, there === here, run.options);
  } catch (error) {
    if (error instanceof ChirpError && !endsRun(error) && error.code === "ENOENT") {
      // Gone from one side since the listing: the copy finds out which.
      return settleComparison(action, false, run.options);
    }
    recordFailure(run, relative, "compare", error);
    return null;
  }
}

async function ask(run: TargetRun, relative: string, { by, source }: Comparison): Promise<[string, string]> {
  const path = sourcePath(run, relative);
  const own = targetPath(run, relative);
  const directory = parentPath(path);
  const patience = longCall(run, source.size);
  if (by === "link") {
    return await Promise.all([
      run.source.ask(directory, `readlink ${path}`, (store) => store.call({ kind: "readlink", path })),
      run.store.call({ kind: "readlink", path: own }),
    ]);
  }
  return await Promise.all([
    run.source.ask(directory, `sha1 ${path}`, (store) =>
      store.call({ kind: "hash", path, algorithm: "sha1" }, patience),
    ),
    run.store.call({ kind: "hash", path: own, algorithm: "sha1" }, patience),
  ]);
}
