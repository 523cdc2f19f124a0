import { expect, test } from "bun:test";
import { createFilter } from "./filter.ts";
import { byteTable, compileWildcards, type Wildcard } from "./wildcards.ts";

const here = { anywhere: false, andBelow: false };

/** `*` star, `+` globstar, `?` any byte but a slash, all else itself. */
function wildcards(text: string): Wildcard[] {
  return Array.from(text, (character): Wildcard => {
    if (character === "*") return { kind: "star" };
    if (character === "+") return { kind: "globstar" };
    const wanted = character.charCodeAt(0);
    return { kind: "byte", table: byteTable((byte) => (character === "?" ? byte !== 0x2f : byte === wanted)) };
  });
}

test.each<[pattern: string, path: string, matches: boolean]>([
  ["", "", true],
  ["", "a", false],
  ["*", "", true],
  ["*", "abc", true],
  ["*", "a/b", false],
  ["+", "a/b", true],
  ["a*b*c", "aXbXbXc", true],
  ["a*b*c", "aXbX/bXc", false],
  ["a+c", "aXbX/bXc", true],
  ["*+*", "a/b", true],
  ["?", "/", false],
  ["*.b", "a.b.b", true],
  ["a\xff", "a\xff", true],
])("%j matches %j: %p", (pattern, path, matches) => {
  expect(compileWildcards(wildcards(pattern), here)(path)).toBe(matches);
});

test.each<[path: string, anywhere: boolean, andBelow: boolean, matches: boolean]>([
  ["a/b", false, false, true],
  ["x/a/b", false, false, false],
  ["x/a/b", true, false, true],
  ["xa/b", true, false, false],
  ["a/b/c", false, true, true],
  ["a/bc", false, true, false],
  ["x/a/b/c/d", true, true, true],
])("a/b matches %j, anywhere %p, and below %p: %p", (path, anywhere, andBelow, matches) => {
  expect(compileWildcards(wildcards("a/b"), { anywhere, andBelow })(path)).toBe(matches);
});

test("many stars and a name made to fit them badly take no time", () => {
  const leftOut = createFilter([{ include: false, pattern: `${"*a".repeat(40)}b` }]);
  const start = performance.now();
  expect(leftOut("a".repeat(255), false)).toBe(false);
  expect(performance.now() - start).toBeLessThan(200);
});
