/** One source, several targets: the entry point of the synchronisation. */
import { ChirpError } from "../errors.ts";
import type { DirectoryEntry, FileStat } from "../protocol.ts";
import { createThrottle } from "./bandwidth.ts";
import { type Credentials, type Endpoint, openStore, resolveEndpoint } from "./endpoint.ts";
import { exitCodeOfTarget, worstExitCode } from "./exit_code.ts";
import { listFollowing } from "./follow_links.ts";
import type { SyncOptions } from "./options.ts";
import { type Counts, emptyCounts, type Ending, type Report, type SyncEvent, type TargetReport } from "./report.ts";
import { createSharedSource, type SharedSource } from "./shared_source.ts";
import { listDirectory, readOnly, statOrNull, type Store } from "./store.ts";
import { runTarget } from "./run_target.ts";

export interface Synchronization {
  readonly source: Endpoint;
  readonly targets: readonly Endpoint[];
  readonly options: SyncOptions;
  readonly credentials: Credentials;
  /** Compare only: differences are told, nothing is changed. */
  readonly check: boolean;
  readonly emit: (event: SyncEvent) => void;
  /** Ends the run after what is in hand. */
  readonly stop: AbortSignal;
  /** Ends it at once, leaving what is in hand in staging. */
  readonly abort: AbortSignal;
  /** Called with the counts of each target as its run begins; they change as it goes on. */
  readonly watch?: (replica: string, counts: Readonly<Counts>) => void;
}

/** The source as it was found at the start. */
export interface SourceRoot {
  readonly endpoint: Endpoint;
  /** "address:port", resolved. */
  readonly server: string;
  /** Refuses to write. */
  readonly store: Store;
  /** The same, for what the source server is to write elsewhere (--server-side). */
  readonly sender: Store;
  readonly stat: FileStat;
  readonly entries: readonly DirectoryEntry[];
  readonly shared: SharedSource;
}

/** How long workers may finish what is in hand once everything is done: nothing is, short of an interruption. */
const CLOSE_GRACE_MS = 500;

/** Throws only what is a mistake of this program; all that happens to servers and files is in the report. */
export async function synchronize(job: Synchronization): Promise<Report> {
  const began = performance.now();
  const sender = openStore(job.source, job.options, job.credentials, job.abort);
  try {
    const root = await openSource(job, sender);
    const targets = await allOrFirstError(
      job.targets.map((target) => ("ending" in root ? notBegun(target, root.ending) : runTarget(job, root, target))),
    );
    return { targets, sourceRpcs: sender.rpcs, exitCode: worstExitCode(targets.map(({ exitCode }) => exitCode)) };
  } finally {
    await sender.close(CLOSE_GRACE_MS);
  }

  function notBegun({ server, directory }: Endpoint, ending: Ending): TargetReport {
    const outcome = { counts: emptyCounts(), codes: new Set<never>(), withheld: null, ending };
    const seconds = (performance.now() - began) / 1000;
    return { replica: server, directory, ...outcome, seconds, rpcs: 0, exitCode: exitCodeOfTarget(outcome) };
  }
}

async function openSource(job: Synchronization, sender: Store): Promise<SourceRoot | { readonly ending: Ending }> {
  const { source: endpoint, options } = job;
  const { directory } = endpoint;
  const store = readOnly(sender);
  const what = `the source "${directory}" on ${endpoint.server}`;
  try {
    const server = await resolveEndpoint(endpoint);
    await store.call({ kind: "whoami" }, { timeoutMs: options.connectTimeoutSeconds * 1000 });
    const stat = await statOrNull(store, directory);
    if (stat === null) return { ending: { stage: "root", code: "ENOENT", message: `${what} does not exist` } };
    const list = options.links === "follow" ? listFollowing : listDirectory;
    const entries = await list(store, directory);
    const shared = createSharedSource({
      store,
      throttle: createThrottle(options.bandwidth),
      top: { directory, entries },
      list: (path) => list(store, path),
    });
    return { endpoint, server, store, sender, stat, entries, shared };
  } catch (error) {
    if (!(error instanceof ChirpError)) throw error;
    if (error.blame === "server" || error.code === "ECONNABORTED") return { ending: endingOf(error, job.stop, true) };
    // Chirp answers ENOENT where a directory is expected and something else is there.
    const reason =
      error.code === "ENOENT" || error.code === "ENOTDIR" ? "is not a directory" : `cannot be listed: ${error.message}`;
    return { ending: { stage: "root", code: error.code, message: `${what} ${reason}` } };
  }
}

/** The ending that a failure of a whole server makes. */
export function endingOf(error: ChirpError, stop: AbortSignal, atStart: boolean): Ending {
  if (stop.aborted || error.code === "ECONNABORTED") {
    return { stage: "interrupted", code: error.code, message: "interrupted" };
  }
  return { stage: atStart ? "connect" : "lost", code: error.code, message: error.message };
}

/** Waits for all, so that nothing goes on unseen; then throws the first mistake, if there was one. */
async function allOrFirstError<T>(tasks: readonly (Promise<T> | T)[]): Promise<T[]> {
  const results = await Promise.allSettled(tasks);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
