import { expect, test } from "bun:test";
import { nearest } from "./nearest.ts";

const names = ["delete", "dry-run", "recursive", "port", "r"];

test.each([
  ["dry-rn", "dry-run"],
  ["dryrun", "dry-run"],
  ["prot", "port"],
  ["opt", null],
  ["deleet", "delete"],
  ["recrusive", "recursive"],
  ["por", "port"],
  ["ports", "port"],
  ["Recursive", "recursive"],
  ["rec", "recursive"],
  ["re", null],
  ["x", null],
  ["", null],
] as const)("%j → %p", (word, expected) => {
  expect(nearest(word, names)).toBe(expected);
});
