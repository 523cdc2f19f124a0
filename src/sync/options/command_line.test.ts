import { expect, test } from "bun:test";
import { parseArguments, UsageError } from "../../cli/arguments.ts";
import { readCommand } from "./command.ts";
import { program } from "./command_line.ts";
import { normalizePath } from "../store/endpoint.ts";

const read = (...words: string[]) => readCommand(parseArguments(program, words), {}, "/home/me");
const pair = ["hostA", "/src", "hostB", "/dst"];

test("defaults", () => {
  const { source, targets, options, check, everySeconds } = read(...pair);
  expect(source).toEqual({ server: "hostA:9094", address: { host: "hostA", port: 9094 }, directory: "/src" });
  expect(targets.map(({ server, directory }) => `${server} ${directory}`)).toEqual(["hostB:9094 /dst"]);
  expect([check, everySeconds]).toEqual([false, null]);
  expect(options).toMatchObject({
    recursive: false,
    delete: false,
    times: true,
    links: "keep",
    transfers: 4,
    checkers: 4,
    timeoutSeconds: 60,
    connectTimeoutSeconds: 10,
    retries: 3,
    settleSeconds: 2,
    maxDelete: { kind: "percent", percent: 50 },
  });
});

test("several targets, local directories, odd spellings of one path", () => {
  const { source, targets } = read("local", "./dist", "[::1]:1", "/a//b/./c/", "hostC", "x", "hostC", "/y");
  expect(source).toEqual({ server: "local", address: null, directory: "/home/me/dist" });
  expect(targets.map(({ server, directory }) => `${server} ${directory}`)).toEqual([
    "[::1]:1 /a/b/c",
    "hostC:9094 /x",
    "hostC:9094 /y",
  ]);
});

test("patterns keep the order of the command line", () => {
  const { options } = read("--include", "*/", "--exclude", "*.tmp", "--include=+ a", "--exclude=- b", ...pair);
  expect(options.rules.map(({ include, pattern }) => `${include} ${pattern}`)).toEqual([
    "true */",
    "false *.tmp",
    "true a",
    "false b",
  ]);
});

test("rates count KiB without a unit, as in rsync", () => {
  expect(read("--bwlimit", "100", ...pair).options.bandwidth).toBe(102_400);
  expect(read("--bwlimit", "1.5m", ...pair).options.bandwidth).toBe(1_572_864);
  expect(read("--bwlimit", "0", ...pair).options.bandwidth).toBeNull();
});

test("--check plans deletions and applies nothing", () => {
  expect(read("--check", ...pair).options).toMatchObject({ delete: true, dryRun: true });
});

test.each<[words: string[], part: string]>([
  [["hostA", "/src", "hostB"], "no directory"],
  [["hostA", "/src"], "target missing"],
  [["hostA", "/src", "hostA:9094", "/src/"], "same directory"],
  [["hostA", "/src", "hosta", "/src"], "same directory"],
  [["hostA", "/", "hostA", "/dst"], "inside"],
  [["hostA", "/a/b", "hostA", "/a"], "inside"],
  [["hostA", "/a", "hostB", "/x", "hostB", "/x"], "two targets"],
  [["--max-delete", "-1", ...pair], "--max-delete"],
  [["--max-delete=5.5", ...pair], "--max-delete"],
  [["--copy-links", "--no-links", ...pair], "--no-links"],
  [["--check", "--every", "5", ...pair], "--every"],
  [["--retries", "99", ...pair], "--retries"],
])("%o is refused", (words, part) => {
  expect(() => read(...words)).toThrow(UsageError);
  expect(() => read(...words)).toThrow(part);
});

test("paths are normalised", () => {
  expect(normalizePath("/a//b/../c/.", "/")).toBe("/a/c");
  expect(normalizePath("x", "/base")).toBe("/base/x");
  expect(normalizePath("/..", "/")).toBe("/");
});
