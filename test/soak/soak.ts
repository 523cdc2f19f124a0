#!/usr/bin/env bun
/** npm run soak: random load, random faults, random edits; ends with a table, and with 0 only when nothing was wrong. */
import type { Program } from "../../src/cli/arguments.ts";
import { programCommand, runMain } from "../../src/cli/command.ts";
import { parseCount, parseSeconds } from "../../src/cli/values.ts";
import { runSoak } from "./run_soak.ts";
import { flatnessProblems, soakTable } from "./soak_table.ts";

const program = {
  name: "npm run soak --",
  description:
    "Runs three Chirp servers, the web server and the synchroniser under random load, random faults and random edits, and checks every response.",
  options: {
    minutes: {
      type: "value",
      letter: "m",
      hint: "N",
      default: "10",
      parse: (text, option) => parseSeconds(text, option, { min: 0.1, max: 7 * 24 * 60 }),
      description: "how long; decimals are taken",
    },
    seed: {
      type: "value",
      hint: "S",
      parse: (text, option) => parseCount(text, option, { max: 2 ** 31 - 1 }),
      defaultHint: "a new one",
      description: "the same seed makes the same choices (not the same moments)",
    },
    verbose: { type: "flag", letter: "v", description: "tell of every fault as it happens" },
  },
} as const satisfies Program;

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => (stop.signal.aborted ? process.exit(1) : stop.abort()));
}

await runMain(
  program,
  programCommand(program, async ({ options }) => {
    const { minutes, verbose } = options;
    const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
    console.log(`soak of ${minutes} minutes, seed ${seed}`);
    const log = (line: string) => {
      if (verbose || line.startsWith("PROBLEM")) console.log(`${Math.round(performance.now())} ${line}`);
    };
    const report = await runSoak({ seconds: minutes * 60, seed, log, stop: stop.signal });
    const problems = [...report.problems, ...flatnessProblems(report)];
    console.log(`\n${soakTable(report, problems)}`);
    for (const problem of problems.slice(0, 20)) console.log(`WRONG ${problem}`);
    process.exitCode = problems.length === 0 ? 0 : 1;
  }),
);
// What was started is stopped; handles of sockets that hang must not keep us.
process.exit();
