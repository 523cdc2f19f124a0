import { describe, expect, test } from "bun:test";
import { asksFor, parseArguments, type Program, UsageError } from "./arguments.ts";
import { oneOf, parseCount, parsePort, parseText } from "./values.ts";

const program = {
  name: "copy",
  description: "Copies files.",
  positionals: { usage: "from to [to …]", min: 2, max: 3 },
  options: {
    recursive: { type: "flag", letter: "r", description: "directories too" },
    "dry-run": { type: "flag", letter: "n", description: "only say what would be done" },
    delete: { type: "flag", description: "remove what is not in from" },
    port: { type: "value", letter: "p", hint: "N", default: "9094", parse: parsePort, description: "port" },
    root: { type: "value", hint: "DIR", parse: parseText, description: "where" },
    transfers: {
      type: "value",
      hint: "N",
      default: "4",
      parse: (t, o) => parseCount(t, o, { min: 1, max: 64 }),
      description: "at once",
    },
    log: { type: "value", hint: "WORD", default: "json", parse: oneOf("json", "off"), description: "log" },
    include: { type: "list", hint: "PATTERN", parse: parseText, description: "take" },
    exclude: { type: "list", letter: "e", hint: "PATTERN", parse: parseText, description: "leave" },
  },
} as const satisfies Program;

const none = {
  recursive: false,
  dryRun: false,
  delete: false,
  port: 9094,
  root: null,
  transfers: 4,
  log: "json" as const,
  include: [],
  exclude: [],
};

describe("understood", () => {
  const table: [argv: string[], changed: object, positionals?: string[]][] = [
    [["a", "b"], {}],
    [["a", "b", "c"], {}, ["a", "b", "c"]],
    [["--port", "1", "a", "b"], { port: 1 }],
    [["--port=0", "a", "b"], { port: 0 }],
    [["-p", "7", "a", "b"], { port: 7 }],
    [["-p7", "a", "b"], { port: 7 }],
    [["-rn", "a", "b"], { recursive: true, dryRun: true }],
    [["-rnp", "7", "a", "b"], { recursive: true, dryRun: true, port: 7 }],
    [["-rnp7", "a", "b"], { recursive: true, dryRun: true, port: 7 }],
    [["-r", "-r", "a", "b"], { recursive: true }],
    [["a", "--dry-run", "b"], { dryRun: true }],
    [["a", "--", "--dry-run"], {}, ["a", "--dry-run"]],
    [["--root", "-", "a", "b"], { root: "-" }],
    [["--root=-x", "a", "b"], { root: "-x" }],
    [["--root=a=b", "a", "b"], { root: "a=b" }],
    [["--exclude", "1", "-e2", "a", "b"], { exclude: ["1", "2"] }],
    [["--log", "off", "a", "b"], { log: "off" }],
  ];
  test.each(table)("%j", (argv, changed, positionals = ["a", "b"]) => {
    const parsed = parseArguments(program, argv);
    expect({ ...parsed.options }).toEqual({ ...none, ...changed } as typeof none);
    expect(parsed.positionals).toEqual(positionals);
  });

  test("options keep their order across names", () => {
    const { occurrences } = parseArguments(program, ["--exclude", "1", "--include=2", "-r", "-e", "3", "a", "b"]);
    expect(occurrences.map(({ name, text }) => `${name} ${text}`)).toEqual([
      "exclude 1",
      "include 2",
      "recursive ",
      "exclude 3",
    ]);
  });

  test("values have the types of their readers", () => {
    const { options } = parseArguments(program, ["a", "b"]);
    const port: number = options.port;
    const root: string | null = options.root;
    const log: "json" | "off" = options.log;
    const exclude: readonly string[] = options.exclude;
    expect([port, root, log, exclude.length]).toEqual([9094, null, "json", 0]);
  });
});

describe("refused", () => {
  const table: [argv: string[], message: RegExp][] = [
    [["--dry-rn", "--delete", "a", "b"], /^unknown option --dry-rn; did you mean --dry-run\?$/],
    [["--rec", "a", "b"], /did you mean --recursive\?/],
    [["--xyz", "a", "b"], /^unknown option --xyz$/],
    [["--helpp", "a", "b"], /did you mean --help\?/],
    [["--version", "a", "b"], /^unknown option --version$/],
    [["-x", "a", "b"], /^unknown option -x$/],
    [["-rxn", "a", "b"], /^unknown option -x$/],
    [["--toString", "a", "b"], /^unknown option --toString$/],
    [["--__proto__=1", "a", "b"], /^unknown option --__proto__/],
    [["--no-delete", "a", "b"], /^unknown option --no-delete/],
    [["--delete=false", "a", "b"], /^--delete takes no value, but got "false"$/],
    [["a", "b", "--port"], /^--port needs a value: --port N$/],
    [["a", "b", "--port="], /^--port needs a value/],
    [["a", "b", "-p"], /^-p needs a value/],
    [["--port", "--root", "a", "b"], /^--port needs a value, but "--root" follows; .* --port=--root$/],
    [["--port", "-r", "a", "b"], /^--port needs a value, but "-r" follows/],
    [["--port", "1", "--port", "2", "a", "b"], /^--port is given twice, as "1" and "2"/],
    [["--port", "1", "-p1", "a", "b"], /^--port is given twice/],
    [["--port", "http", "a", "b"], /^--port "http" is no port/],
    [["--transfers", "0", "a", "b"], /^--transfers "0" .* from 1 to 64$/],
    [["--log", "xml", "a", "b"], /^--log "xml" is none of json, off$/],
    [["a"], /^argument missing; expected: copy \[options\] from to \[to …\]$/],
    [[], /^argument missing/],
    [["a", "b", "c", "d"], /^unexpected argument "d"; expected: copy/],
  ];
  test.each(table)("%j", (argv, message) => {
    const run = () => parseArguments(program, argv);
    expect(run).toThrow(UsageError);
    expect(run).toThrow(message);
  });

  test("any word, where a program takes none", () => {
    const bare = { name: "serve", description: "", options: {} } as const satisfies Program;
    expect(() => parseArguments(bare, ["x"])).toThrow(/^unexpected argument "x"; only options are taken$/);
  });
});

test("help and version are seen among errors, but not behind --", () => {
  expect(asksFor("help", program, ["--bogus", "-h"])).toBe(true);
  expect(asksFor("help", program, ["--help"])).toBe(true);
  expect(asksFor("help", program, ["-rh"])).toBe(true);
  expect(asksFor("help", program, ["--", "--help"])).toBe(false);
  expect(asksFor("help", program, ["a"])).toBe(false);
  expect(asksFor("version", program, ["--bogus", "--version"])).toBe(true);
  expect(asksFor("version", program, ["--", "--version", "-h"])).toBe(false);
});
