import { expect, test } from "bun:test";
import { compare, quantile, sideBySide } from "./side_by_side.ts";

const itself = (value: number) => value;

test.each([
  [[3, 1, 2], 0.5, 2],
  [[4, 1, 2, 3], 0.5, 2.5],
  [[1, 2, 3, 4, 5], 0.25, 2],
  [[7], 0.75, 7],
])("quantile of %p at %p is %p", (values, q, expected) => {
  expect(quantile(values, q)).toBe(expected);
});

test("a slow moment that hits both sides of a pair does not change the ratio", () => {
  const pairs = [[20, 10] as const, [2, 1] as const, [40, 20] as const];
  expect(compare(pairs, itself)).toEqual({ ratio: 2, low: 2, high: 2 });
});

test("sides are measured in turn", async () => {
  const order: string[] = [];
  const side = (name: string, value: number) => () => {
    order.push(name);
    return Promise.resolve(value);
  };
  const pairs = await sideBySide(side("a", 2), side("b", 1), { min: 3, max: 9 }, itself);
  expect(order.join("")).toBe("abbaab");
  expect(pairs).toEqual([
    [2, 1],
    [2, 1],
    [2, 1],
  ]);
});

test("what spreads is measured more often, up to a limit", async () => {
  let turn = 0;
  const unsteady = () => Promise.resolve(++turn);
  const steady = () => Promise.resolve(1);
  expect(await sideBySide(unsteady, steady, { min: 3, max: 9 }, itself)).toHaveLength(9);
});
