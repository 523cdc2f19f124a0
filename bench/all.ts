#!/usr/bin/env bun
/** All benchmarks, or those named: npm run bench [-- cached_small sync_first …] */
import { type Program, UsageError } from "../src/cli/arguments.ts";
import { exitForUsage, readArguments } from "../src/cli/read_arguments.ts";
import { builtProgram } from "../src/program/built_form.ts";
import { browsers } from "./browsers.ts";
import { cachedSmall } from "./cached_small.ts";
import { download } from "./download.ts";
import { firstByte } from "./first_byte.ts";
import { memory } from "./memory.ts";
import { overFuse } from "./over_fuse.ts";
import { start } from "./start.ts";
import { syncLarge } from "./sync_large.ts";
import { syncFirst, syncUnchanged } from "./sync_small.ts";
import { uncachedSmall } from "./uncached_small.ts";
import { warmUp } from "./warm_up.ts";
import { describeMachine } from "./harness/machine.ts";
import { findMissing } from "./harness/programs.ts";
import type { Question } from "./harness/question.ts";
import { renderTable, type Section, writeTable } from "./harness/table.ts";

const questions: readonly Question[] = [
  cachedSmall,
  uncachedSmall,
  warmUp,
  download,
  firstByte,
  syncFirst,
  syncUnchanged,
  syncLarge,
  overFuse,
  memory,
  start,
  browsers,
];

const program = {
  name: "bench",
  description: `Measures this project beside what people would use instead. Ratios are taken within one run, RPCs counted
at the servers. Questions: ${questions.map(({ name }) => name).join(", ")}. Without a name: all.
RPC counts alone, which are exact, are tested by "bun test bench/".`,
  positionals: { usage: "[question …]", min: 0, max: questions.length },
  options: {
    write: { type: "flag", description: "put the results into docs/performance.md" },
  },
} as const satisfies Program;

const { options, positionals } = readArguments(program);
const chosen = chooseQuestions(positionals);
const sections: Section[] = [];
console.log(describeMachine());
if (builtProgram("serve") === null || builtProgram("chirp_synchronize") === null) {
  console.error(
    "dist/ is not what the sources say: what is measured starts from its sources. npm run bench builds it first",
  );
}
for (const question of chosen) {
  const command = commandOf(question);
  console.log(`\n${command}`);
  const section = await answer(question, command);
  sections.push(section);
  console.log(renderTable([section]));
}
if (options.write) writeTable(sections, questions.map(commandOf));

function commandOf({ name }: Question): string {
  return `npm run bench -- ${name}`;
}

async function answer({ programs, ask }: Question, command: string): Promise<Section> {
  const missing = findMissing(programs);
  if (missing !== null) return { command, rows: [], skipped: `there is no ${missing} on this machine` };
  return { command, rows: await ask(), skipped: null };
}

function chooseQuestions(names: readonly string[]): readonly Question[] {
  if (names.length === 0) return questions;
  return names.map((name) => {
    const question = questions.find((each) => each.name === name);
    if (question !== undefined) return question;
    return exitForUsage(program, new UsageError(`unknown question "${name}"`));
  });
}
