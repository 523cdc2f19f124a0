/** One target's run from its connection to its report. */
import { hostPort } from "../../chirp/server_address.ts";
import { ChirpError, type ErrorCode } from "../../errors.ts";
import { backupRoot } from "./backup.ts";
import { observeDifferences } from "./check.ts";
import { createDeletions, type Deletions } from "./deletions.ts";
import type { Endpoint } from "../store/endpoint.ts";
import { exitCodeOfTarget } from "../output/exit_code.ts";
import { createFilter } from "../selection/filter.ts";
import { setDirectoryMode, setTopTime } from "./finish_directory.ts";
import { withholdDeletions } from "../plan/guard.ts";
import { LockedError } from "../lock/lock.ts";
import { openTop } from "./open_target.ts";
import { RefusedError } from "./refused_error.ts";
import type { SyncOptions } from "../options/options.ts";
import { emptyCounts, type Ending, type TargetReport } from "../output/report.ts";
import { countResolved, resolveConflicts } from "./resolve_conflicts.ts";
import { listedPaths } from "../selection/selection.ts";
import { createSemaphore } from "../store/semaphore.ts";
import { createStaging } from "./staging.ts";
import { readOnly, statOrNull, type Store } from "../store/store.ts";
import { connect, endingOf, openStore, type SourceRoot, type Synchronization } from "../source/synchronization.ts";
import { type DirectoryNode, endsRun, recordProblem, type TargetRun, warn } from "./target_run.ts";
import { walkTree } from "./walk.ts";

/** Two large files keep both servers busy; each holds four pieces of 16 MiB. */
const LARGE_TRANSFERS = 2;

/** A target that is being connected to, while the source is looked at. */
export interface BegunTarget {
  readonly target: Endpoint;
  readonly writer: Store;
  /** The failure to connect, if there was one. */
  readonly connected: Promise<unknown>;
}

export function beginTarget(job: Synchronization, target: Endpoint): BegunTarget {
  const writer = openStore(job, target);
  const connected = connect(job, target).then(
    () => null,
    (error: unknown) => error,
  );
  return { target, writer, connected };
}

export async function runTarget(
  job: Synchronization,
  root: SourceRoot,
  { target, writer, connected }: BegunTarget,
): Promise<TargetReport> {
  const began = performance.now();
  const mayWrite = !job.options.dryRun && !job.check;
  const store = mayWrite ? writer : readOnly(writer);
  const outcome: {
    counts: ReturnType<typeof emptyCounts>;
    codes: Set<ErrorCode>;
    withheld: string | null;
    ending: Ending | null;
  } = {
    counts: emptyCounts(),
    codes: new Set(),
    withheld: null,
    ending: null,
  };
  job.watch?.(target.server, outcome.counts);
  const view = root.shared.view();
  let isConnected = false;
  let run: TargetRun | null = null;
  try {
    const refused = await connected;
    if (refused !== null) throw refused;
    isConnected = true;
    run = createRun(job, root, target, store, outcome, view);
    const top = await openTop(run, root, target, mayWrite);
    outcome.withheld = await synchronizeTree(job, run, root, top, mayWrite);
    if (job.stop.aborted) outcome.ending = { stage: "interrupted", code: null, message: "interrupted" };
  } catch (error) {
    if (run !== null) await cleanUpAfter(job, run, error);
    if (error instanceof RefusedError) outcome.ending = error.ending;
    else if (error instanceof LockedError) outcome.ending = { stage: "locked", code: null, message: error.message };
    else if (error instanceof ChirpError && endsRun(error)) outcome.ending = endingOf(error, job.stop, !isConnected);
    else if (error instanceof ChirpError) outcome.ending = refusal(error, job, outcome);
    else throw error;
  } finally {
    view.leave();
    run?.staging.abandon();
  }
  const { server: replica, directory } = target;
  const seconds = (performance.now() - began) / 1000;
  return { replica, directory, ...outcome, seconds, rpcs: writer.rpcs, exitCode: exitCodeOfTarget(outcome) };
}

/** The server is well, and does not let its target be worked on: the place for staging cannot be made, looked into, or cleared. */
function refusal(error: ChirpError, { stop }: Synchronization, outcome: Pick<TargetRun, "counts" | "codes">): Ending {
  outcome.counts.failed++;
  outcome.codes.add(error.code);
  if (stop.aborted) return { stage: "interrupted", code: error.code, message: `interrupted; ${error.message}` };
  return { stage: "refused", code: error.code, message: error.message };
}

function createRun(
  job: Synchronization,
  root: SourceRoot,
  target: Endpoint,
  store: Store,
  outcome: Pick<TargetRun, "counts" | "codes">,
  view: TargetRun["source"],
): TargetRun {
  const listed = job.options.filesFrom === null ? null : listedPaths(job.options.filesFrom);
  // As in rsync, a list leads into the directories that its paths name.
  const options = { ...job.options, recursive: job.options.recursive || listed !== null };
  const lost = new AbortController();
  const run: TargetRun = {
    replica: target.server,
    source: view,
    sourceStore: options.serverSide ? root.sender : root.store,
    sourceRoot: root.endpoint.directory,
    store,
    root: target.directory,
    address: target.address === null ? null : hostPort(target.address.host, target.address.port),
    options,
    rules: {
      filter: createFilter(withBackupProtected(job, target)),
      minSize: options.minSize,
      maxSize: options.maxSize,
      maxDepth: options.recursive ? options.maxDepth : 1,
      listed: listed?.listed ?? null,
      // A directory that is named stands for itself; with -r for all below it.
      listedTrees: job.options.recursive ? (listed?.listedTrees ?? []) : [],
    },
    unseen: new Set(listed?.listedTrees),
    staging: createStaging({
      store,
      root: target.directory,
      warn: (message) => warn(run, target.directory, "lock", message),
      lost: (error) => lost.abort(error),
    }),
    transfers: createSemaphore(options.transfers),
    largeTransfers: createSemaphore(LARGE_TRANSFERS),
    counts: outcome.counts,
    codes: outcome.codes,
    emit: job.emit,
    stop: AbortSignal.any([job.stop, lost.signal]),
    lost: lost.signal,
  };
  return run;
}

/** A backup directory inside the target is no part of what is compared. */
function withBackupProtected({ options }: Synchronization, target: Endpoint): SyncOptions["rules"] {
  const backup = backupRoot({ options, root: target.directory });
  const prefix = target.directory === "/" ? "/" : `${target.directory}/`;
  if (backup === null || !backup.startsWith(prefix)) return options.rules;
  const pattern = backup.slice(prefix.length - 1).replace(/[\\*?[]/g, "\\$&");
  return [{ include: false, pattern }, ...options.rules];
}

/** The walk, the deletions, and the end of staging. Why deletions were withheld, or null. */
async function synchronizeTree(
  job: Synchronization,
  run: TargetRun,
  root: SourceRoot,
  top: DirectoryNode,
  mayWrite: boolean,
): Promise<string | null> {
  const deletions = createDeletions(run);
  let withheld: string | null = null;
  try {
    await walkTree({ run, deletions, isApplied: mayWrite, observe: job.check ? observeDifferences(run) : null }, top);
    for (const path of run.unseen) recordProblem(run, path, "copy", "named by --files-from, and not at the source");
    if (job.check) {
      deletions.tellDifferences();
      countResolved(run, deletions.conflicts);
    } else withheld = await deleteExtraneous(run, root, deletions, mayWrite);
  } catch (error) {
    // Interrupted: what was begun is cleaned up, and the lock given back, as far as the server can be reached.
    if (!(error instanceof ChirpError) || error.code !== "ECONNABORTED" || !job.stop.aborted) throw error;
  }
  // Another run has the lock, and what lies in staging is its own.
  if (run.stop.aborted && !job.stop.aborted) throw run.stop.reason;
  if (mayWrite) await closeTop(run, top);
  return withheld;
}

/** What ended the run is what is told. Where it was not this target, the lock is given back, so that no other run has to wait for it. */
async function cleanUpAfter({ stop }: Synchronization, run: TargetRun, first: unknown): Promise<void> {
  const isItsOwn = first instanceof ChirpError && first.blame === "server" && first.server === run.store.server;
  const isLockLost = run.stop.aborted && !stop.aborted;
  if (isItsOwn || isLockLost) return;
  try {
    await run.staging.close();
  } catch (error) {
    // The next run removes what is left.
    if (!(error instanceof ChirpError)) throw error;
  }
}

async function deleteExtraneous(
  run: TargetRun,
  root: SourceRoot,
  deletions: Deletions,
  mayWrite: boolean,
): Promise<string | null> {
  const askGuards = async (count: number): Promise<string | null> => {
    const facts = {
      deletions: count,
      targetEntries: deletions.entries,
      // Hidden names are not copied.
      sourceIsEmpty: root.entries.every(({ name }) => name.startsWith(".__")),
      failures: run.counts.failed,
      wasInterrupted: run.stop.aborted,
    };
    const withheld = withholdDeletions(facts, run.options);
    if (withheld !== null || count === 0) return withheld;
    if ((await statOrNull(run.sourceStore, run.sourceRoot)) !== null) return null;
    // Moved away or unmounted since it was listed: that a path is not there says nothing now.
    return `${count} withheld: the source directory "${run.sourceRoot}" is gone`;
  };
  const withheld = await askGuards(deletions.size);
  if (withheld !== null) return run.stop.aborted ? null : withheld;
  deletions.tell("inConflicts");
  if (deletions.conflicts.length > 0) {
    if (mayWrite) await resolveConflicts(run, deletions.conflicts);
    else countResolved(run, deletions.conflicts);
    // Those were copies, too: they may have failed, and have taken their time.
    const withheldSince = await askGuards(deletions.extraneous);
    if (withheldSince !== null) return run.stop.aborted ? null : withheldSince;
  }
  deletions.tell("extraneous");
  if (mayWrite) await deletions.apply();
  else run.counts.deleted += deletions.size;
  return null;
}

/** The staging place is in the top directory: only when it is gone can the top's time be set. */
async function closeTop(run: TargetRun, top: DirectoryNode): Promise<void> {
  await setDirectoryMode(run, top);
  if (run.staging.isOpen) {
    top.touched = true;
    await run.staging.close();
  }
  await setTopTime(run, top);
}
