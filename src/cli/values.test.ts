import { describe, expect, test } from "bun:test";
import { UsageError } from "./arguments.ts";
import { listOf, oneOf, parseCount, parsePort, parseSeconds, parseSize, parseText } from "./values.ts";

/** null: refused with a UsageError that names the option and quotes the text. */
type Table = readonly (readonly [text: string, value: unknown])[];

function check(parse: (text: string, option: string) => unknown, table: Table): void {
  test.each([...table])("%j → %p", (text, value) => {
    if (value !== null) {
      expect(parse(text, "--it")).toEqual(value);
      return;
    }
    expect(() => parse(text, "--it")).toThrow(UsageError);
    expect(() => parse(text, "--it")).toThrow(text === "" ? "--it" : `--it "${text}"`);
  });
}

describe("parseSize", () =>
  check(parseSize, [
    ["0", 0],
    ["512", 512],
    ["512b", 512],
    ["64k", 65_536],
    ["64K", 65_536],
    ["256MiB", 268_435_456],
    ["256mib", 268_435_456],
    ["10MB", 10_000_000],
    ["1.5G", 1_610_612_736],
    ["2T", 2_199_023_255_552],
    ["", null],
    ["k", null],
    ["-1", null],
    [" 1", null],
    ["1 M", null],
    ["1e3", null],
    ["0x10", null],
    ["1ki", null],
    ["9999999T", null],
    ["NaN", null],
  ]));

describe("parseCount", () => {
  check(parseCount, [
    ["0", 0],
    ["12", 12],
    ["", null],
    ["-1", null],
    ["1.5", null],
    ["1e3", null],
    ["٣", null],
    ["99999999999999999999", null],
  ]);
  check(
    (text, option) => parseCount(text, option, { min: 1, max: 3 }),
    [
      ["0", null],
      ["1", 1],
      ["3", 3],
      ["4", null],
    ],
  );
});

describe("parseSeconds", () => {
  check(parseSeconds, [
    ["0", 0],
    ["20", 20],
    ["0.5", 0.5],
    [".5", 0.5],
    ["250ms", 0.25],
    ["5m", 300],
    ["1h", 3600],
    ["1d", 86_400],
    ["", null],
    ["-1", null],
    ["5 m", null],
    ["1w", null],
    ["Infinity", null],
    ["1.2.3", null],
  ]);
  check(
    (text, option) => parseSeconds(text, option, { min: 1, max: 60 }),
    [
      ["0.9", null],
      ["1", 1],
      ["1m", 60],
      ["61", null],
    ],
  );
});

describe("parsePort", () =>
  check(parsePort, [
    ["0", 0],
    ["8080", 8080],
    ["65535", 65_535],
    ["65536", null],
    ["-1", null],
    ["http", null],
    ["80.0", null],
    ["", null],
  ]));

describe("parseText", () =>
  check(parseText, [
    ["a b", "a b"],
    ["", null],
  ]));

describe("listOf", () => {
  const parse = listOf("unix", "address");
  check(parse, [
    ["unix", ["unix"]],
    ["address,unix", ["address", "unix"]],
    ["", null],
  ]);
  test("names the word that is wrong", () => {
    expect(() => parse("unix,kerberos", "--auth")).toThrow(/^--auth "kerberos" is none of unix, address$/);
    expect(() => parse("unix,", "--auth")).toThrow(/^--auth "" is none of/);
  });
});

describe("oneOf", () =>
  check(oneOf("json", "off"), [
    ["json", "json"],
    ["JSON", null],
    ["", null],
  ]));
