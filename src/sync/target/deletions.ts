/** What the target has and the source has not: gathered during the walk, removed at the end, one confirmed path at a time. */
import { fileType } from "../../chirp/file_stat.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, FileStat } from "../../protocol.ts";
import { backUp } from "./backup.ts";
import { setDirectoryTime } from "./finish_directory.ts";
import { mayReplaceDirectories } from "../options/options.ts";
import { describeAction } from "../plan/itemize.ts";
import type { Action } from "../plan/plan.ts";
import { selectIn } from "../selection/selection.ts";
import { listDirectory, lstatOrNull } from "../store/store.ts";
import {
  type DirectoryNode,
  endsRun,
  recordFailure,
  recordProblem,
  sourcePath,
  type TargetRun,
  targetPath,
  warn,
  within,
} from "./target_run.ts";

interface Deletion {
  readonly path: BytePath;
  readonly target: FileStat;
  /** The directory of the source's tree that it lies in or below: its time is set again. */
  readonly node: DirectoryNode;
  /** The entry of that directory that it is, or lies below. Asked for in its place: a path below may lead through a link. */
  readonly top: BytePath;
  /** The source has something else than a directory at `top`, and the target a directory. */
  readonly isConflict: boolean;
}

type At = Pick<Deletion, "node" | "top" | "isConflict">;

/** A directory of the target in whose place the source has something else. */
export interface Conflict {
  readonly node: DirectoryNode;
  readonly name: BytePath;
  readonly source: FileStat;
  /** Empties and removes it; true when it is gone. Stops where something stays. */
  clear(): Promise<boolean>;
}

export interface Deletions {
  /** Entries of the target that were seen: what a share of deletions is measured against. */
  countEntries(count: number): void;
  readonly entries: number;
  /** Takes note of a directory's extraneous entries and of all below them. Nothing is changed. */
  add(node: DirectoryNode, actions: readonly Action[]): Promise<void>;
  readonly size: number;
  /** Those of them in whose place nothing comes: what apply() removes. */
  readonly extraneous: number;
  readonly conflicts: readonly Conflict[];
  /** Tells what is to be deleted: what the conflicts remove comes first. */
  tell(which: "inConflicts" | "extraneous"): void;
  /** The same for --check. */
  tellDifferences(): void;
  apply(): Promise<void>;
}

/** So many paths are remembered, about 200 bytes each; more are not deleted in one run. */
const DELETIONS_MAX = 500_000;

export function createDeletions(run: TargetRun): Deletions {
  const found: Deletion[] = [];
  const conflicts: Conflict[] = [];
  let inConflicts = 0;
  let entries = 0;
  let isCut = false;

  /** All below an extraneous directory, deepest first, then itself; false when something in it stays, and it with it. */
  async function addTree(at: At, path: BytePath, target: FileStat): Promise<boolean> {
    if (found.length >= DELETIONS_MAX) {
      isCut = true;
      return false;
    }
    if (fileType(target) === "directory") {
      let isEmptied = true;
      try {
        // What is replaced is replaced with all that is in it, also where -r is not given.
        const isBeyond = at.isConflict && !run.options.recursive;
        const select = selectIn(path, isBeyond ? { ...run.rules, maxDepth: Infinity } : run.rules);
        const listed = await listDirectory(run.store, targetPath(run, path));
        entries += listed.length;
        for (const { name, stat } of listed) {
          const isDeletable = fileType(stat) !== "unknown" && select(name, stat);
          if (!isDeletable || !(await addTree(at, within(path, name), stat))) isEmptied = false;
        }
      } catch (error) {
        recordFailure(run, path, "list", error);
        isEmptied = false;
      }
      if (!isEmptied) return false;
    }
    found.push({ ...at, path, target });
    return true;
  }

  /** All or nothing: what can be emptied only in part would stay in the way, and have lost the rest for nothing. */
  async function addConflict(node: DirectoryNode, name: BytePath, source: FileStat, target: FileStat): Promise<void> {
    const path = within(node.path, name);
    if (!mayReplaceDirectories(run.options)) {
      const remedy = "give --force, or --delete with -r, to replace it";
      recordProblem(run, path, "copy", `the source has no directory there, this replica has; ${remedy}`);
      return;
    }
    const [already, failures] = [found.length, run.counts.failed];
    if (await addTree({ node, top: path, isConflict: true }, path, target)) {
      const own = found.slice(already);
      inConflicts += own.length;
      conflicts.push({ node, name, source, clear: () => removeAll(run, own) });
      return;
    }
    found.length = already;
    if (run.counts.failed > failures) return;
    recordProblem(run, path, "copy", "the directory in its place holds what is left out, and kept; move that away");
  }

  return {
    countEntries: (count) => void (entries += count),
    get entries() {
      return entries;
    },
    async add(node, actions) {
      for (const action of actions) {
        if (action.kind === "extraneous") {
          const top = within(node.path, action.name);
          await addTree({ node, top, isConflict: false }, top, action.target);
        }
        if (action.kind === "conflict" && action.target !== null)
          await addConflict(node, action.name, action.source, action.target);
      }
    },
    get size() {
      return found.length;
    },
    get extraneous() {
      return found.length - inConflicts;
    },
    conflicts,
    tell(which) {
      for (const { path, target, isConflict } of found) {
        if (isConflict !== (which === "inConflicts")) continue;
        const change = describeAction({ kind: "extraneous", name: path, target }, run.options);
        if (change !== null) run.emit({ kind: "change", replica: run.replica, path, ...change });
      }
    },
    tellDifferences() {
      for (const { path, target } of found) {
        run.counts.differences++;
        const shown = fileType(target) === "directory" ? `${path}/` : path;
        run.emit({ kind: "difference", replica: run.replica, path: shown, sign: "-" });
      }
    },
    async apply() {
      if (found.length === inConflicts) return;
      try {
        // Deleting is writing: not while another run is at work here.
        await run.staging.open();
      } catch (error) {
        return recordFailure(run, "", "delete", error);
      }
      if (isCut) warn(run, run.root, "delete", `only the first ${DELETIONS_MAX}; run again for the others`);
      const touched = new Set<DirectoryNode>();
      for (const deletion of found) {
        if (run.stop.aborted) break;
        if (!deletion.isConflict && (await remove(run, deletion))) {
          deletion.node.touched = true;
          touched.add(deletion.node);
        }
      }
      for (const node of touched) {
        if (node.parent !== null) await setDirectoryTime(run, node);
      }
    },
  };
}

/** A run that is told to end goes on: what is half gone is of no use to anybody. */
async function removeAll(run: TargetRun, deletions: readonly Deletion[]): Promise<boolean> {
  for (const deletion of deletions) {
    if (run.lost.aborted || !(await remove(run, deletion))) return false;
    deletion.node.touched = true;
  }
  return true;
}

/** Removes one path whose source has just been seen not to exist; files by unlink, directories by rmdir, never recursively. */
async function remove(run: TargetRun, { path, target, top, isConflict }: Deletion): Promise<boolean> {
  const own = targetPath(run, path);
  const isDirectory = fileType(target) === "directory";
  try {
    const there = await lstatOrNull(run.sourceStore, sourcePath(run, top));
    if (there !== null && (!isConflict || fileType(there) === "directory")) {
      warn(run, own, "delete", "it appeared at the source meanwhile, and is kept");
      // What is kept is not what the source has now: only the next run is done.
      run.counts.unstable++;
      return false;
    }
    // What was in a directory has been moved to the backup by now, one by one.
    if (isDirectory) await run.store.call({ kind: "rmdir", path: own });
    else if (!(await backUp(run, path, target))) await run.store.call({ kind: "unlink", path: own });
    run.counts.deleted++;
    return true;
  } catch (error) {
    if (error instanceof ChirpError && !endsRun(error) && error.code === "ENOENT" && error.server === run.replica) {
      return true;
    }
    recordFailure(run, path, "delete", error);
    return false;
  }
}
