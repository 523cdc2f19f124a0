import { expect, test } from "bun:test";
import { createLatencyWindow } from "./latency_window.ts";

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

test.each<[what: string, observed: readonly number[], median: number, p99: number]>([
  ["nothing", [], 0, 0],
  ["one", [7], 7, 7],
  ["a few, in any order", [5, 1, 4, 2, 3], 3, 5],
  ["many", upTo(255), 128, 253],
  ["only the last 256 count", [...upTo(256).map(() => 1_000), ...upTo(256)], 129, 254],
])("quantiles of %s", (_, observed, median, p99) => {
  const window = createLatencyWindow();
  for (const ms of observed) window.observe(ms);
  expect([window.quantile(0.5), window.quantile(0.99)]).toEqual([median, p99]);
});

test("a change shows after 32 observations at the latest", () => {
  const window = createLatencyWindow();
  for (let n = 0; n < 256; n++) window.observe(1);
  for (let n = 0; n < 32; n++) window.observe(500);
  expect(window.quantile(0.5)).toBe(1);
  expect(window.quantile(0.99)).toBe(500);
});
