import { expect, test } from "bun:test";
import { createHistogram, quantile } from "./histogram.ts";

test("observations fall into the bucket whose bound they do not exceed", () => {
  const histogram = createHistogram([1, 2, 4]);
  for (const value of [0, 1, 1.5, 2, 4, 5, 100]) histogram.observe(value);
  expect(histogram.snapshot()).toEqual({ bounds: [1, 2, 4], counts: [2, 2, 1, 2], sum: 113.5, count: 7 });
});

test.each([
  [0.5, 1.5],
  [0.75, 1.75],
  [1, 2],
  [0, 1],
])("quantile %d of 100 observations between 1 and 2 is %d", (q, value) => {
  const histogram = createHistogram([1, 2, 4]);
  for (let i = 0; i < 100; i++) histogram.observe(1.5);
  expect(quantile(histogram.snapshot(), q)).toBeCloseTo(value);
});

test("quantiles cross buckets, stop at the last bound, and are null of nothing", () => {
  const histogram = createHistogram([1, 2]);
  expect(quantile(histogram.snapshot(), 0.5)).toBeNull();
  for (const value of [0.5, 0.5, 0.5, 9]) histogram.observe(value);
  expect(quantile(histogram.snapshot(), 0.5)).toBeCloseTo(2 / 3);
  expect(quantile(histogram.snapshot(), 0.99)).toBe(2);
});
