/**
 * Goes through the source's tree for one target, a directory at a time: listings are fetched ahead, plans are made in the order of
 * names, and carried out behind that, several directories at a time. What is held is the frontier and what is in flight.
 */
import { fileType } from "../../chirp/file_stat.ts";
import { applyDirectory } from "./apply_directory.ts";
import { decideComparisons } from "./compare.ts";
import { type Deletions } from "./deletions.ts";
import { finishNode } from "./finish_directory.ts";
import { type Listed, type Listings, listNode } from "./list_node.ts";
import { mayReplaceDirectories } from "../options/options.ts";
import { describeAction } from "../plan/itemize.ts";
import { type Action, planDirectory } from "../plan/plan.ts";
import { selectIn } from "../selection/selection.ts";
import { createSemaphore } from "../store/semaphore.ts";
import { type DirectoryNode, sourcePath, type TargetRun, warn, within } from "./target_run.ts";

/** Directories whose plans are being carried out at a time: their files share the bound on transfers. */
const DIRECTORIES_AT_A_TIME = 4;
/** Plans made ahead of those: enough to keep transfers busy, few enough to hold in memory. */
const PLANS_AHEAD = 16;

export interface Walk {
  readonly run: TargetRun;
  readonly deletions: Deletions;
  /** False: only what would be done is told. */
  readonly isApplied: boolean;
  /** What is told of each directory's plan, e.g. the lines of --check; null: the changes. */
  readonly observe: ((directory: DirectoryNode, actions: readonly Action[]) => void) | null;
}

export async function walkTree({ run, deletions, isApplied, observe }: Walk, top: DirectoryNode): Promise<void> {
  const stack: DirectoryNode[] = [top];
  const ahead = new Map<DirectoryNode, Listed>();
  const directories = createSemaphore(DIRECTORIES_AT_A_TIME);
  const jobs = new Set<Promise<void>>();
  let broken: { readonly error: unknown } | null = null;

  if (observe === null && run.options.recursive) tellTop(run, top);
  while (stack.length > 0 && broken === null && !run.stop.aborted) {
    for (const node of stack.slice(-run.options.checkers)) {
      if (ahead.has(node)) continue;
      const listed = listNode(run, node, isApplied);
      // Thrown where its turn comes; when the walk breaks off before, nobody asks for it.
      listed.catch(() => undefined);
      ahead.set(node, listed);
    }
    const node = stack.pop()!;
    const listings = await ahead.get(node)!.catch(breakOff);
    ahead.delete(node);
    if (listings === null) {
      await leaveOut(node);
      continue;
    }
    const actions = await plan(node, listings).catch(breakOff);
    if (actions === null) {
      await leaveOut(node);
      continue;
    }
    const children = subdirectories(node, actions);
    node.pending += children.length;
    for (let index = children.length - 1; index >= 0; index--) stack.push(children[index]!);
    const job: Promise<void> = directories
      .run(() => carryOut(node, actions))
      .then(
        () => void jobs.delete(job),
        (error: unknown) => {
          jobs.delete(job);
          broken ??= { error };
        },
      );
    jobs.add(job);
    while (jobs.size >= PLANS_AHEAD) await Promise.race(jobs);
  }
  // Nobody may wait for a directory that will not come.
  for (const node of stack) node.made.resolve(false);
  await Promise.allSettled([...jobs, ...ahead.values()]);
  if (broken !== null) throw (broken as { readonly error: unknown }).error;

  /** What is under way ends before the error is thrown. */
  function breakOff(error: unknown): null {
    broken ??= { error };
    return null;
  }

  async function plan(node: DirectoryNode, { source, target }: Listings): Promise<Action[]> {
    const select = selectIn(node.path, run.rules);
    deletions.countEntries(target?.length ?? 0);
    if (run.unseen.size > 0) for (const { name } of source) run.unseen.delete(within(node.path, name));
    const planned = planDirectory(source, target, select, run.options);
    const actions = await decideComparisons(run, node, planned);
    tell(run, node, actions, observe);
    if (!isApplied) countAsDone(run, actions);
    await deletions.add(node, actions);
    return actions;
  }

  async function carryOut(node: DirectoryNode, actions: readonly Action[]): Promise<void> {
    try {
      if (isApplied) await applyDirectory(run, node, actions);
    } finally {
      run.source.release(sourcePath(run, node.path));
    }
    if (isApplied) await finishNode(run, node);
  }

  async function leaveOut(node: DirectoryNode): Promise<void> {
    node.made.resolve(false);
    run.source.release(sourcePath(run, node.path));
    if (isApplied && broken === null) await finishNode(run, node).catch(breakOff);
  }
}

/** The directories below that take part, in the order of their names. */
function subdirectories(parent: DirectoryNode, actions: readonly Action[]): DirectoryNode[] {
  const nodes: DirectoryNode[] = [];
  for (const action of actions) {
    if (action.kind === "directory") nodes.push(createNode(within(parent.path, action.name), parent, action));
  }
  return nodes;
}

export function createNode(
  path: string,
  parent: DirectoryNode | null,
  { source, target }: Pick<DirectoryNode, "source" | "target">,
): DirectoryNode {
  return {
    path,
    source,
    parent,
    target,
    isNew: target === null || fileType(target) !== "directory",
    made: Promise.withResolvers(),
    rightsAgree: null,
    pending: 1,
    touched: false,
  };
}

/** The top itself: no plan has it. */
function tellTop(run: TargetRun, { source, target }: DirectoryNode): void {
  const path = ".";
  const change = describeAction({ kind: "directory", name: path, source, target }, run.options);
  if (change !== null) run.emit({ kind: "change", replica: run.replica, path, ...change });
}

/** Counts what a plan says, warns of what is left out, and tells the changes. */
function tell(run: TargetRun, node: DirectoryNode, actions: readonly Action[], observe: Walk["observe"]): void {
  observe?.(node, actions);
  for (const action of actions) {
    if (action.kind === "unchanged") run.counts.unchanged++;
    if (action.kind === "skip") tellSkipped(run, node, action);
    if (action.kind === "extraneous") continue;
    if (action.kind === "conflict" && !mayReplaceDirectories(run.options)) continue;
    const change = describeAction(action, run.options);
    if (change === null) continue;
    // What is counted when it is done: files, links, and times alone, but no directories.
    if (change.type !== "directory") run.counts.plannedFiles++;
    if (action.kind !== "attributes") run.counts.plannedBytes += change.size;
    if (observe === null) {
      run.emit({ kind: "change", replica: run.replica, path: within(node.path, action.name), ...change });
    }
  }
}

/** A dry run counts what a real one would do; what needs a directory out of its way is counted where that is let go. */
function countAsDone({ counts, options }: TargetRun, actions: readonly Action[]): void {
  for (const action of actions) {
    if (action.kind === "conflict") continue;
    const change = describeAction(action, options);
    if (action.kind === "copy") counts.bytes += action.source.size;
    if (change?.change === "copy") counts.copied++;
    const isUpdate = change?.change === "update" || change?.change === "attributes";
    if (isUpdate && change.type !== "directory") counts.updated++;
    if (change?.change === "create") counts.directories++;
  }
}

function tellSkipped(run: TargetRun, node: DirectoryNode, action: Extract<Action, { kind: "skip" }>): void {
  run.counts.skipped++;
  const relative = within(node.path, action.name);
  const path = sourcePath(run, relative);
  const server = run.sourceStore.server;
  if (action.reason === "special") warn(run, path, "skip", "a FIFO, socket or device is never copied", server);
  if (action.reason === "hidden") warn(run, path, "skip", "names that begin with .__ are Chirp's own", server);
  if (action.reason === "unknown") {
    run.counts.failed++;
    run.emit({
      kind: "failure",
      replica: run.replica,
      server,
      path,
      relative,
      action: "stat",
      code: null,
      reason: "the server cannot tell what it is; it is left alone",
    });
  }
}
