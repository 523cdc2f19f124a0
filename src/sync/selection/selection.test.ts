import { expect, test } from "bun:test";
import type { FileStat } from "../../protocol.ts";
import { createFilter } from "./filter.ts";
import { listedPaths, selectIn, type SelectionRules } from "./selection.ts";

const file = (size: number): FileStat => ({ mode: 0o100644, size, mtime: 1, ctime: 1, inode: 1, links: 1 });
const directory: FileStat = { ...file(0), mode: 0o040755 };
const all: SelectionRules = {
  filter: createFilter([]),
  minSize: 0,
  maxSize: Infinity,
  maxDepth: Infinity,
  listed: null,
  listedTrees: [],
};

test("patterns are asked with the path from the top", () => {
  const rules = { ...all, filter: createFilter([{ include: false, pattern: "/a/b" }]) };
  expect(selectIn("a", rules)("b", file(1))).toBe(false);
  expect(selectIn("", rules)("b", file(1))).toBe(true);
});

test("sizes concern files only, both ends belong to the range", () => {
  const select = selectIn("", { ...all, minSize: 10, maxSize: 20 });
  expect([9, 10, 20, 21].map((size) => select("x", file(size)))).toEqual([false, true, true, false]);
  expect(select("d", directory)).toBe(true);
});

test("a depth of 1 is the top alone, its directories left out", () => {
  const rules = { ...all, maxDepth: 2 };
  expect(selectIn("", rules)("d", directory)).toBe(true);
  expect(selectIn("d", rules)("f", file(1))).toBe(true);
  expect(selectIn("d", rules)("e", directory)).toBe(false);
  expect(selectIn("", { ...all, maxDepth: 1 })("d", directory)).toBe(false);
});

test("a list of paths takes what leads there and what lies below", () => {
  const rules = { ...all, ...listedPaths(["a/b/c", "./d/"]) };
  const at = (path: string, name: string) => selectIn(path, rules)(name, directory);
  expect([at("", "a"), at("a", "b"), at("a/b", "c"), at("a/b/c", "x"), at("d", "x")]).toEqual(Array(5).fill(true));
  expect([at("", "b"), at("a", "x"), at("a/b", "cc"), at("", "dd")]).toEqual(Array(4).fill(false));
  expect(listedPaths(["."]).listed).toBeNull();
});
