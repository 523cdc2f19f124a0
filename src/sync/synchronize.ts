/** One source, several targets: the entry point of the synchronisation. */
import { ChirpError } from "../errors.ts";
import { type Endpoint, resolveEndpoint } from "./store/endpoint.ts";
import { exitCodeOfTarget, worstExitCode } from "./output/exit_code.ts";
import { openSource } from "./source/open_source.ts";
import { emptyCounts, type Ending, type Report, type TargetReport } from "./output/report.ts";
import { beginTarget, runTarget } from "./target/run_target.ts";
import { openStore, type SourceRoot, type Synchronization } from "./source/synchronization.ts";

/** Throws only what is a mistake of this program; all that happens to servers and files is in the report. */
export async function synchronize(job: Synchronization): Promise<Report> {
  const began = performance.now();
  const sender = openStore(job, job.source);
  const beginnings = job.targets.map((target) => beginTarget(job, target));
  const root = await openSource(job, sender);
  const reports = await allOrFirstError(
    beginnings.map(async (begun) => {
      if ("ending" in root) return notBegun(begun.target, root.ending);
      return (await isLeftOut(job, root, begun.target)) ? null : await runTarget(job, root, begun);
    }),
  );
  const targets = reports.filter((report) => report !== null);
  const [only] = job.targets;
  if (targets.length === 0 && only !== undefined) {
    targets.push(notBegun(only, { stage: "overlap", code: null, message: "the list names no server but the source" }));
  }
  return { targets, sourceRpcs: sender.rpcs, exitCode: worstExitCode(targets.map(({ exitCode }) => exitCode)) };

  function notBegun({ server, directory }: Endpoint, ending: Ending): TargetReport {
    const outcome = { counts: emptyCounts(), codes: new Set<never>(), withheld: null, ending };
    const seconds = (performance.now() - began) / 1000;
    return { replica: server, directory, ...outcome, seconds, rpcs: 0, exitCode: exitCodeOfTarget(outcome) };
  }
}

/** Whether a target of a list is the source itself, by its address. One that has none is told by its own run. */
async function isLeftOut(
  { leaveOutSource }: Synchronization,
  { server }: SourceRoot,
  target: Endpoint,
): Promise<boolean> {
  if (leaveOutSource !== true) return false;
  try {
    return (await resolveEndpoint(target)) === server;
  } catch (error) {
    if (error instanceof ChirpError) return false;
    throw error;
  }
}

/** Waits for all, so that nothing goes on unseen; then throws the first mistake, if there was one. */
async function allOrFirstError<T>(tasks: readonly (Promise<T> | T)[]): Promise<T[]> {
  const results = await Promise.allSettled(tasks);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
