import { expect, test } from "bun:test";
import { createWorkerDemand } from "./worker_demand.ts";

test("the first one always", () => {
  expect(createWorkerDemand().isWanted(1, [], 0)).toBe(true);
});

test.each<[name: string, calls: number[], waiting: number, runningMs: number[], isWanted: boolean]>([
  ["nothing is known", [], 100, [1], false],
  ["a long call is in the way", [1], 1, [50], true],
  ["one of two is nearly done", [1], 1, [500, 3], false],
  ["many short calls wait", [1], 60, [1], true],
  ["few short calls wait", [1], 40, [1], false],
  ["few calls to a distant server wait", [40], 2, [1], true],
  ["what waits is shared by two", [40], 2, [1, 1], false],
  ["an outlier long ago", [500, ...Array(60).fill(1)], 10, [1], false],
])("%s", (_name, calls, waiting, runningMs, isWanted) => {
  const demand = createWorkerDemand();
  for (const ms of calls) demand.answered(ms);
  expect(demand.isWanted(waiting, runningMs, 1000)).toBe(isWanted);
});

test("waiting adds up while somebody waits, until one is started", () => {
  const demand = createWorkerDemand();
  const asked = (now: number) => demand.isWanted(1, [1], now);
  expect([asked(0), asked(200)]).toEqual([false, false]);
  demand.allServed(200);
  expect([asked(10_000), asked(10_049), asked(10_050)]).toEqual([false, false, true]);
  demand.started();
  expect([asked(10_050), asked(10_299), asked(10_300)]).toEqual([false, false, true]);
});

test("beyond what is useful, for long calls alone", () => {
  const demand = createWorkerDemand(() => 2);
  demand.answered(1);
  for (let call = 0; call < 100; call++) demand.answered(40);
  expect(demand.isWanted(9, [1], 0)).toBe(true);
  expect([demand.isWanted(9, [1, 1], 0), demand.isWanted(9, [1, 1], 10_000)]).toEqual([false, false]);
  expect([demand.isWanted(9, [60, 70], 10_000), demand.isWanted(9, [500, 600], 10_000)]).toEqual([false, true]);
});

test("and for a server that is far all the same: no call was ever answered soon", () => {
  const demand = createWorkerDemand(() => 1);
  for (let call = 0; call < 7; call++) demand.answered(12);
  expect(demand.isWanted(9, [1], 0)).toBe(false);
  demand.answered(12);
  expect(demand.isWanted(9, [1], 0)).toBe(true);
  demand.answered(1);
  expect(demand.isWanted(9, [1], 0)).toBe(false);
});
