/** The soak in its short form. `npm run soak` is the long one; SOAK_SEED=… repeats the choices of a run. */
import { expect, test } from "bun:test";
import { seedFrom } from "../helpers/seeded_random.ts";
import { runSoak } from "./run_soak.ts";
import { flatnessProblems, soakTable } from "./soak_table.ts";

const SECONDS = 60;
const LIMIT_MS = (SECONDS + 150) * 1000;

test(
  `${SECONDS} seconds of random load, faults and edits: no wrong byte, no error`,
  async () => {
    const seed = seedFrom("SOAK_SEED");
    console.log(`soak: seed ${seed}`);
    const log = (line: string) => void (line.startsWith("PROBLEM") && console.log(line));
    const report = await runSoak({ seconds: SECONDS, seed, log, stop: new AbortController().signal });
    const problems = [...report.problems, ...flatnessProblems(report)];
    console.log(soakTable(report, problems));
    expect(problems).toEqual([]);
    // Otherwise nothing was tried.
    expect(report.requests).toBeGreaterThan(500);
    expect(report.faults.kills + report.faults.stops).toBeGreaterThan(3);
    expect(report.cycles).toBeGreaterThan(3);
  },
  LIMIT_MS,
);
