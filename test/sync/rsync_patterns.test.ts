/** Our patterns against rsync's own, on one tree with the same rules. Skipped where rsync is not installed. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bytePath } from "../../src/chirp/byte_path.ts";
import { createFilter, type Filter, type FilterRule } from "../../src/sync/selection/filter.ts";
import { forEachParallel } from "../../src/sync/store/semaphore.ts";
import { run } from "../helpers/run.ts";
import { createRandom } from "./random_edits.ts";

const rsync = Bun.which("rsync");
const files = [
  "a",
  "b.html",
  "c.tmp",
  "dir/a",
  "dir/b.html",
  "dir/sub/a",
  "dir/sub/c.tmp",
  "dir/sub/deep/x.js",
  "cache/a",
  "cache/x.js",
  "x/cache/y",
  "x/y/z/a.js",
  "[z]",
  "star*",
  "que?",
  "back\\slash",
  "A",
  "é.txt",
  "sp ace/f",
  ".hidden/h",
  "aa",
  "ab",
  "dir2/dir/a",
  "x-y/f",
  "a1",
  "a2",
  "deep/a/b/c/d/e.js",
  "deep/a/b/c.tmp",
];
const patterns = [
  "a",
  "/a",
  "*.tmp",
  "*.html",
  "cache/",
  "cache",
  "/cache",
  "/cache/",
  "dir/a",
  "/dir/a",
  "dir/*",
  "dir/**",
  "/dir/**",
  "**/a",
  "**",
  "*",
  "/*",
  "dir/***",
  "/dir/***",
  "sub/***",
  "**.js",
  "x/**/a.js",
  "?",
  "a?",
  "[ab]",
  "[!a]*",
  "[^a]*",
  "[z]",
  "\\[z\\]",
  "star\\*",
  "star*",
  "que\\?",
  "back\\slash",
  "back\\\\*",
  "[[:upper:]]",
  "[a-b]*",
  "é*",
  "sp ace/",
  "sp*",
  ".*",
  "*/",
  "/*/",
  "dir*/a",
  "di?/a",
  "deep/**/c*",
  "**/deep",
  "a/b",
  "/deep/a/b/c/",
  "a[0-9]",
  "a[!0-9]",
  "[a",
  "d*/s*/",
  "*/a",
  "/*/a",
  "**a",
  "a**",
  "dir/sub",
  "dir//a",
  "/",
  "cache/***",
];

function selected(root: string, filter: Filter): string[] {
  const found: string[] = [];
  const visit = (relative: string) => {
    for (const name of readdirSync(join(root, relative))) {
      const path = relative === "" ? name : `${relative}/${name}`;
      const isDirectory = statSync(join(root, path)).isDirectory();
      if (filter(bytePath(path), isDirectory)) continue;
      found.push(path);
      if (isDirectory) visit(path);
    }
  };
  visit("");
  return found.sort();
}

async function selectedByRsync(root: string, rules: readonly FilterRule[]): Promise<string[]> {
  const filters = rules.map(({ include, pattern }) => `--filter=${include ? "+" : "-"} ${pattern}`);
  const { stdout, stderr, exitCode } = await run([
    rsync!,
    "-r",
    "--out-format=%n",
    "-n",
    ...filters,
    `${root}/`,
    `${root}-none/`,
  ]);
  if (exitCode !== 0) throw new Error(stderr);
  const names = stdout.split("\n").map((line) => line.replace(/\/$/, ""));
  return names
    .filter((name) => name !== "" && name !== "." && !name.startsWith("created directory"))
    .map(decodeName)
    .sort();
}

/** rsync writes bytes beyond ASCII as \\#303, in octal, unless the locale has them. */
function decodeName(name: string): string {
  const bytes = bytePath(name).replace(/\\#(\d{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}

const random = createRandom(7);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
const alone = patterns.map((pattern) => [{ include: false, pattern }]);
const onlyThese = patterns.map((pattern) => [
  { include: true, pattern: "*/" },
  { include: true, pattern },
  { include: false, pattern: "*" },
]);
const mixed = Array.from({ length: 20 }, () =>
  Array.from({ length: 1 + Math.floor(random() * 4) }, () => ({ include: random() < 0.5, pattern: pick(patterns) })),
);

test.skipIf(rsync === null)(
  `${alone.length + onlyThese.length + mixed.length} rule lists select what rsync selects`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "chirp-site-patterns-"));
    const root = join(directory, "tree");
    try {
      for (const file of files) {
        mkdirSync(dirname(join(root, file)), { recursive: true });
        writeFileSync(join(root, file), "");
      }
      const wrong: string[] = [];
      await forEachParallel([...alone, ...onlyThese, ...mixed], 4, async (rules) => {
        const ours = selected(
          root,
          createFilter(rules.map(({ include, pattern }) => ({ include, pattern: bytePath(pattern) }))),
        );
        const theirs = await selectedByRsync(root, rules);
        if (ours.join("\n") === theirs.join("\n")) return;
        const extra = ours.filter((path) => !theirs.includes(path));
        const missing = theirs.filter((path) => !ours.includes(path));
        wrong.push(
          `${JSON.stringify(rules.map(({ include, pattern }) => (include ? "+ " : "- ") + pattern))} extra ${extra} missing ${missing}`,
        );
      });
      expect(wrong).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  60_000,
);
