import { expect, test } from "bun:test";
import { chiSquareTail, uniformityP } from "./chi_square.ts";

// Critical values of the usual tables.
test.each([
  [3.841, 1, 0.05],
  [10.828, 1, 0.001],
  [5.991, 2, 0.05],
  [13.816, 2, 0.001],
  [7.815, 3, 0.05],
  [16.266, 3, 0.001],
  [18.307, 10, 0.05],
  [30.144, 19, 0.05],
  [0, 4, 1],
])("a chi-square of %d with %d degrees of freedom has p = %d", (x, degrees, p) => {
  expect(Math.abs(chiSquareTail(x, degrees) / p - 1)).toBeLessThan(0.002);
});

test("even counts are likely, uneven ones are not", () => {
  expect(uniformityP([3333, 3333, 3334])).toBeGreaterThan(0.99);
  expect(uniformityP([3400, 3300, 3300])).toBeGreaterThan(0.3);
  expect(uniformityP([3600, 3200, 3200])).toBeLessThan(0.001);
});
