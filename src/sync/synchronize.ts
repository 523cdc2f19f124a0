/** One source, several targets: the entry point of the synchronisation. */
import type { Endpoint } from "./store/endpoint.ts";
import { exitCodeOfTarget, worstExitCode } from "./output/exit_code.ts";
import { openSource } from "./source/open_source.ts";
import { emptyCounts, type Ending, type Report, type TargetReport } from "./output/report.ts";
import { runTarget } from "./target/run_target.ts";
import { openStore, type Synchronization } from "./source/synchronization.ts";

/** Throws only what is a mistake of this program; all that happens to servers and files is in the report. */
export async function synchronize(job: Synchronization): Promise<Report> {
  const began = performance.now();
  const sender = openStore(job, job.source);
  const root = await openSource(job, sender);
  const targets = await allOrFirstError(
    job.targets.map((target) => ("ending" in root ? notBegun(target, root.ending) : runTarget(job, root, target))),
  );
  return { targets, sourceRpcs: sender.rpcs, exitCode: worstExitCode(targets.map(({ exitCode }) => exitCode)) };

  function notBegun({ server, directory }: Endpoint, ending: Ending): TargetReport {
    const outcome = { counts: emptyCounts(), codes: new Set<never>(), withheld: null, ending };
    const seconds = (performance.now() - began) / 1000;
    return { replica: server, directory, ...outcome, seconds, rpcs: 0, exitCode: exitCodeOfTarget(outcome) };
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
