import { expect, test } from "bun:test";
import type { ErrorCode } from "../../errors.ts";
import { exitCodeOfTarget, worstExitCode } from "./exit_code.ts";
import { type Counts, emptyCounts, type Ending } from "./report.ts";

interface Case {
  readonly counts?: Partial<Counts>;
  readonly codes?: readonly ErrorCode[];
  readonly withheld?: string;
  readonly stage?: Ending["stage"];
  readonly code?: ErrorCode;
}

test.each<[Case, number]>([
  [{}, 0],
  [{ counts: { copied: 5, skipped: 2 } }, 0],
  [{ counts: { differences: 1 } }, 1],
  [{ stage: "overlap" }, 2],
  [{ stage: "root", code: "ENOENT" }, 3],
  [{ stage: "connect", code: "ETIMEDOUT" }, 5],
  [{ stage: "lost", code: "ECONNRESET" }, 5],
  [{ stage: "lost", code: "ETIMEDOUT" }, 30],
  [{ stage: "locked" }, 33],
  [{ stage: "refused", counts: { failed: 1 }, codes: ["EACCES"] }, 23],
  [{ stage: "refused", counts: { failed: 1 }, codes: ["EROFS"] }, 11],
  [{ stage: "interrupted", counts: { failed: 1 } }, 20],
  [{ counts: { failed: 1 }, codes: ["EACCES"] }, 23],
  [{ counts: { failed: 1 }, codes: ["ENOSPC"] }, 11],
  [{ counts: { failed: 1 }, codes: ["EROFS", "EACCES"] }, 11],
  [{ counts: { failed: 1 }, withheld: "why" }, 25],
  [{ counts: { vanished: 1 } }, 24],
  [{ counts: { unstable: 1 } }, 24],
  [{ counts: { unstable: 1, failed: 1 } }, 23],
])("%o is %d", ({ counts, codes = [], withheld = null, stage, code = null }, expected) => {
  const ending = stage === undefined ? null : { stage, code, message: "" };
  const outcome = { counts: { ...emptyCounts(), ...counts }, codes: new Set(codes), withheld, ending };
  expect(exitCodeOfTarget(outcome)).toBe(expected);
});

test("of several replicas the worst, in the documented order", () => {
  expect(worstExitCode([])).toBe(0);
  expect(worstExitCode([0, 24, 23])).toBe(23);
  expect(worstExitCode([23, 25])).toBe(25);
  expect(worstExitCode([25, 30])).toBe(30);
  expect(worstExitCode([30, 11, 33])).toBe(33);
  expect(worstExitCode([33, 3, 5])).toBe(5);
  expect(worstExitCode([3, 33])).toBe(3);
  expect(worstExitCode([5, 2])).toBe(2);
});
