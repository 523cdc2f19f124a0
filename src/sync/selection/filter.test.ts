import { expect, test } from "bun:test";
import { createFilter, type FilterRule, parseFilterFile, parseFilterRule } from "./filter.ts";

/** Checked against rsync's own answers by test/sync/rsync_patterns.test.ts; here so that it holds where rsync is not installed. */
test.each<[pattern: string, excluded: string[], kept: string[]]>([
  ["a", ["a", "d/a", "d/e/a"], ["aa", "b", "a.b"]],
  ["/a", ["a"], ["d/a"]],
  ["*.tmp", ["x.tmp", "d/y.tmp", ".tmp"], ["x.tmp.z", "tmp"]],
  ["d/", ["d:", "e/d:"], ["d", "e/d"]],
  ["d/a", ["d/a", "e/d/a"], ["d/b", "xd/a"]],
  ["/d/a", ["d/a"], ["e/d/a"]],
  ["d/*", ["d/a", "e/d/b"], ["d", "d/e/f"]],
  ["d/**", ["d/a", "d/e/f"], ["d", "e"]],
  ["**/a", ["a", "d/a", "d/e/a"], ["b"]],
  ["d/***", ["d:", "d/a", "d/e/f"], ["d", "e"]],
  ["**.js", ["x.js", "d/y.js"], ["js"]],
  ["?", ["a", "d/b"], ["ab"]],
  ["[ab]", ["a", "b"], ["c"]],
  ["[!ab]", ["c"], ["a", "b", "cc"]],
  ["a[0-9]", ["a1"], ["ax", "a"]],
  ["[[:upper:]]x", ["Ax"], ["ax"]],
  ["a\\*", ["a*"], ["ab"]],
  ["a\\b", ["a\\b"], ["ab"]],
  ["[a", [], ["a", "[a"]],
  ["\xff", ["\xff"], ["\xfe"]],
])("%s", (pattern, excluded, kept) => {
  const filter = createFilter([{ include: false, pattern }]);
  const isOut = (path: string) => filter(path.replace(/:$/, ""), path.endsWith(":"));
  expect(excluded.filter((path) => !isOut(path))).toEqual([]);
  expect(kept.filter((path) => isOut(path))).toEqual([]);
});

test("the first rule that matches decides", () => {
  const rules: FilterRule[] = [
    { include: true, pattern: "*/" },
    { include: true, pattern: "*.html" },
    { include: false, pattern: "*" },
  ];
  const filter = createFilter(rules);
  expect([filter("d", true), filter("d/a.html", false), filter("d/a.css", false)]).toEqual([false, false, true]);
});

test("rules in files", () => {
  expect(parseFilterFile("# no\n; no\n\n*.tmp\r\n+ keep\n- + odd\n", false)).toEqual([
    { include: false, pattern: "*.tmp" },
    { include: true, pattern: "keep" },
    { include: false, pattern: "+ odd" },
  ]);
  expect(parseFilterFile("a\n!\nb", true)).toEqual([{ include: true, pattern: "b" }]);
  expect(parseFilterRule("- x", true)).toEqual({ include: false, pattern: "x" });
  expect(parseFilterRule("-x", true)).toEqual({ include: true, pattern: "-x" });
});
