/** docs/reliability.md names tests for every promise: they are there, and no promise was left out. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const project = join(import.meta.dir, "../..");

function testFiles(directory: string): string[] {
  return readdirSync(join(project, directory), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".test.ts"),
  );
}

test.each(["docs/reliability.md", "docs/security.md"])("the tests that %s names are there", (page) => {
  const inTest = testFiles("test");
  const names = new Set([...inTest, ...testFiles("src").map((name) => name.slice(name.lastIndexOf("/") + 1))]);
  const named = [...readFileSync(join(project, page), "utf8").matchAll(/`([\w/]+\.test\.ts)`/g)].map(
    ([, name]) => name!,
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !names.has(name))).toEqual([]);
});

test("every promise has a number and a test", () => {
  const text = readFileSync(join(project, "docs/reliability.md"), "utf8");
  const rows = [...text.matchAll(/^\| (\d+) +\|[^|]+\|([^|]+)\|$/gm)].map(
    ([, number, tests]) => [Number(number), tests!] as const,
  );
  // Two tables, each counted from one.
  expect(rows.map(([number]) => number)).toEqual([...numbersTo(35), ...numbersTo(20)]);
  expect(rows.filter(([, tests]) => !tests.includes(".test.ts"))).toEqual([]);
});

function numbersTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}
