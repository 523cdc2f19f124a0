#!/usr/bin/env bun
/** What happens with 3 to 1,000 Chirp servers when some of them fail: bun bench/scaling.ts */
import { parseCount } from "../src/cli/values.ts";
import type { Program } from "../src/cli/arguments.ts";
import { readArguments } from "../src/cli/read_arguments.ts";
import { faults } from "./scaling/faults.ts";
import { type Result, type Scenario, simulate } from "./scaling/simulate.ts";

const program = {
  name: "bun bench/scaling.ts",
  description: `Simulates web servers before Chirp servers of which some fail, with the real src/replicas/replicas.ts and ask.ts
on a clock that jumps. Prints the table of docs/scaling.md.`,
  options: {
    seed: {
      type: "value",
      hint: "N",
      default: "1",
      parse: (text, option) => parseCount(text, option, { min: 1 }),
      description: "another one gives other chances",
    },
  },
} as const satisfies Program;

const { options } = readArguments(program);

/** A third of what two cores a server can do; no more than can be simulated in a minute. */
const PER_SERVER = 250;
const TOTAL_MAX = 4_000;
const SECONDS = 10;

const sizes: readonly Pick<Scenario, "servers" | "webServers">[] = [
  { servers: 3, webServers: 1 },
  { servers: 3, webServers: 2 },
  { servers: 10, webServers: 1 },
  { servers: 100, webServers: 1 },
  { servers: 100, webServers: 8 },
  { servers: 1_000, webServers: 2 },
];

for (const { servers, webServers } of sizes) {
  const requestsPerSecond = Math.min(TOTAL_MAX, PER_SERVER * servers);
  console.log(
    `\n${servers} Chirp servers, ${webServers} web server${webServers === 1 ? "" : "s"}, ${requestsPerSecond} requests/s\n`,
  );
  console.log("| fault | p50 ms | p99 ms | p99.9 ms | worst ms | unanswered | asked twice | extra load |");
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const fault of faults) {
    const seed = options.seed;
    console.log(
      line(fault.name, await simulate({ servers, webServers, requestsPerSecond, seconds: SECONDS, fault, seed })),
    );
  }
}

function line(name: string, { p50, p99, p999, worst, unanswered, retried, extraLoad }: Result): string {
  const times = [p50, p99, p999, worst].map((ms) => ms.toFixed(ms < 100 ? 1 : 0));
  return `| ${[name, ...times, unanswered, percent(retried), percent(extraLoad)].join(" | ")} |`;
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(2)} %`;
}
