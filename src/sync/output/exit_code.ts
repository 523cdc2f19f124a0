/** The one place that chooses exit codes. Pure. */
import type { ErrorCode } from "../../errors.ts";
import type { Counts, Ending } from "./report.ts";

export const exitCodes = {
  done: 0,
  differ: 1,
  usage: 2,
  root: 3,
  connect: 5,
  targetIo: 11,
  /** As rsync has it: any file, standard output too. */
  output: 11,
  interrupted: 20,
  someFailed: 23,
  vanished: 24,
  withheld: 25,
  timeout: 30,
  locked: 33,
} as const;

/** From the worst to the mildest: what several replicas make together, and several findings on one. */
const order = [2, 5, 3, 33, 11, 30, 20, 25, 23, 24, 1, 0];

const targetIoCodes: ReadonlySet<ErrorCode> = new Set(["ENOSPC", "EROFS", "EIO"]);

export function exitCodeOfTarget(outcome: {
  readonly counts: Readonly<Counts>;
  readonly codes: ReadonlySet<ErrorCode>;
  readonly withheld: string | null;
  readonly ending: Ending | null;
}): number {
  const found: number[] = [];
  if (outcome.ending !== null) found.push(exitCodeOfEnding(outcome.ending));
  if ([...outcome.codes].some((code) => targetIoCodes.has(code))) found.push(exitCodes.targetIo);
  if (outcome.codes.has("ETIMEDOUT")) found.push(exitCodes.timeout);
  if (outcome.withheld !== null) found.push(exitCodes.withheld);
  if (outcome.counts.failed > 0) found.push(exitCodes.someFailed);
  if (outcome.counts.vanished + outcome.counts.unstable > 0) found.push(exitCodes.vanished);
  if (outcome.counts.differences > 0) found.push(exitCodes.differ);
  return worstExitCode(found);
}

/** The worst of them; 0 of none. */
export function worstExitCode(codes: readonly number[]): number {
  return order.find((code) => codes.includes(code)) ?? Math.max(0, ...codes);
}

function exitCodeOfEnding({ stage, code }: Ending): number {
  switch (stage) {
    case "overlap":
      return exitCodes.usage;
    case "root":
      return exitCodes.root;
    case "refused":
      return exitCodes.someFailed;
    case "locked":
      return exitCodes.locked;
    case "interrupted":
      return exitCodes.interrupted;
    case "connect":
      return exitCodes.connect;
    case "lost":
      return code === "ETIMEDOUT" ? exitCodes.timeout : exitCodes.connect;
  }
}
