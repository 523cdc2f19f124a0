import { expect, test } from "bun:test";
import type { Program } from "./arguments.ts";
import { renderHelp } from "./help.ts";
import { parseText } from "./values.ts";

const program = {
  name: "copy",
  description: "Copies files.",
  positionals: { usage: "from to", min: 2, max: 2 },
  options: {
    "dry-run": { type: "flag", letter: "n", description: "only say what would be done" },
    port: { type: "value", hint: "N", default: "9094", parse: parseText, description: "port of the server" },
    root: { type: "value", hint: "DIR", defaultHint: "none", parse: parseText, description: "where" },
    exclude: { type: "list", hint: "PATTERN", parse: parseText, description: "leave out", group: "Which files" },
    "a-name-that-is-very-long-indeed": { type: "flag", description: "word ".repeat(30).trim(), group: "Which files" },
  },
} as const satisfies Program;

test("every option with its default, grouped, within the width", () => {
  const help = renderHelp(program);
  expect(help.split("\n").slice(0, 10)).toEqual([
    "usage: copy [options] from to",
    "",
    "Copies files.",
    "",
    "Options:",
    "  -n, --dry-run                   only say what would be done",
    "      --port N                    port of the server (default: 9094)",
    "      --root DIR                  where (default: none)",
    "  -h, --help                      show this text",
    "",
  ]);
  expect(help).toContain("Which files:\n      --exclude PATTERN           leave out (may be given several times)\n");
  expect(help).toContain(`  --a-name-that-is-very-long-indeed\n${" ".repeat(34)}word word`);
  expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(help).not.toContain("--version");
});

test("text that fits keeps its columns; the usage shows how the program is called", () => {
  const help = renderHelp({
    name: "cluster",
    call: "bun run cluster --",
    version: "cluster 1",
    description: `Does:\n\n  up    starts\n        all\n${"word ".repeat(25).trim()}`,
    options: {},
  });
  expect(help).toStartWith("usage: bun run cluster -- [options]\n\nDoes:\n\n  up    starts\n        all\nword word");
  expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(help).toEndWith(
    "  -h, --help                      show this text\n      --version                   show the version\n",
  );
});
