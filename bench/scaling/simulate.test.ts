import { expect, setDefaultTimeout, test } from "bun:test";
import { type Fault, faults } from "./faults.ts";
import { type Result, type Scenario, simulate } from "./simulate.ts";

setDefaultTimeout(60_000);

function fault(name: string): Fault {
  const found = faults.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no fault "${name}"`);
  return found;
}

function scenario(faultName: string, changes: Partial<Scenario> = {}): Scenario {
  const usual = { servers: 6, webServers: 1, requestsPerSecond: 200, seconds: 8, fault: fault(faultName), seed: 1 };
  return { ...usual, ...changes };
}

test("the same seed gives the same result, another one another", async () => {
  const first = await simulate(scenario("one hangs"));
  expect(await simulate(scenario("one hangs"))).toEqual(first);
  expect(await simulate(scenario("one hangs", { seed: 2 }))).not.toEqual(first);
});

test("when all is well nobody is asked twice", async () => {
  expect(await simulate(scenario("none"))).toMatchObject({ unanswered: 0, retried: 0, extraLoad: 0 });
});

const bounds: readonly [name: string, Partial<Record<keyof Result, number>>][] = [
  ["one crashes", { p99: 20, worst: 100, extraLoad: 0.02 }],
  ["one flaps", { p99: 20, worst: 100, extraLoad: 0.02 }],
  ["one hangs", { p99: 300, worst: 700, extraLoad: 0.05 }],
  ["one is 100 × slower", { p99: 3_000, extraLoad: 0.1 }],
  ["a third crashes at once", { p99: 20, worst: 100, extraLoad: 0.05 }],
  ["a third hangs at once", { p99: 600, worst: 1_200, extraLoad: 0.1 }],
];

test.each(bounds)("%s: everybody gets an answer, within %p", async (name, limits) => {
  const result = await simulate(scenario(name));
  expect(result.unanswered).toBe(0);
  const exceeded = Object.entries(limits).filter(([measure, limit]) => result[measure as keyof Result] > limit);
  expect(exceeded.map(([measure]) => `${measure} ${result[measure as keyof Result]}`)).toEqual([]);
});

test("when every server is gone for good, requests end unanswered, and the simulation with them", async () => {
  const everyone: Fault = { name: "all", inflict: (servers) => servers.forEach((server) => server.change("down")) };
  const result = await simulate(scenario("none", { fault: everyone, seconds: 1 }));
  expect(result.unanswered).toBe(result.requests);
  expect(result.requests).toBeGreaterThan(100);
});

test("the process has its own timers back afterwards", async () => {
  const { setTimeout: before } = globalThis;
  await simulate(scenario("none", { seconds: 0.1 }));
  expect(globalThis.setTimeout).toBe(before);
  expect(performance.now()).toBeLessThan(performance.now() + 1);
});
