import { describe, expect, test } from "bun:test";
import { parseRange } from "./range.ts";

const every2nd = (count: number) => `bytes=${Array.from({ length: count }, (_, i) => `${2 * i}-${2 * i}`).join(",")}`;

describe("of 100 bytes", () => {
  test.each<[string, ...[start: number, end: number][]]>([
    ["bytes=0-0", [0, 1]],
    ["bytes=0-99", [0, 100]],
    ["bytes=10-19", [10, 20]],
    ["bytes=90-", [90, 100]],
    ["bytes=99-", [99, 100]],
    ["bytes=90-500", [90, 100]],
    ["bytes=-10", [90, 100]],
    ["bytes=-100", [0, 100]],
    ["bytes=-500", [0, 100]],
    ["BYTES=0-1", [0, 2]],
    ["bytes=00000000000000000000000001-2", [1, 3]],
    ["bytes=0-99999999999999999999999999999999999999", [0, 100]],
    [`bytes=0-${"9".repeat(400)}`, [0, 100]],
    [`bytes=-${"9".repeat(400)}`, [0, 100]],
    ["bytes=0-1,5-6", [0, 2], [5, 7]],
    ["bytes=5-6,0-1", [5, 7], [0, 2]],
    ["bytes= 0-1 ,\t5-6 ", [0, 2], [5, 7]],
    ["bytes=,0-1,,5-6,", [0, 2], [5, 7]],
    ["bytes=0-1,2-3", [0, 4]],
    ["bytes=2-3,0-1", [0, 4]],
    ["bytes=0-5,3-8", [0, 9]],
    ["bytes=0-9,3-4", [0, 10]],
    ["bytes=50-59,0-1,55-64,2-3", [50, 65], [0, 4]],
    ["bytes=5-9,20-21,0-5", [0, 10], [20, 22]],
    ["bytes=0-1,3-4", [0, 2], [3, 5]],
    ["bytes=0-1,200-300", [0, 2]],
    ["bytes=0-1,-0", [0, 2]],
    ["bytes=200-,0-1,300-", [0, 2]],
    ["bytes=0-1,-2", [0, 2], [98, 100]],
    ["bytes=0-49,50-99", [0, 100]],
    [every2nd(16), ...Array.from({ length: 16 }, (_, i): [number, number] => [2 * i, 2 * i + 1])],
  ])("%s", (header, ...ranges) => {
    expect(parseRange(header, 100)).toEqual({ kind: "ranges", ranges: ranges.map(([start, end]) => ({ start, end })) });
  });

  test.each([
    "bytes=100-",
    "bytes=100-200",
    "bytes=-0",
    "bytes=-00",
    "bytes=200-300,400-",
    "bytes=99999999999999999999999-",
    `bytes=${"9".repeat(400)}-${"9".repeat(401)}`,
  ])("%s is unsatisfiable", (header) => {
    expect(parseRange(header, 100)).toEqual({ kind: "unsatisfiable" });
  });

  const ignored = [
    "",
    "bytes",
    "bytes=",
    "bytes=,",
    "bytes=-",
    "bytes=--6",
    "bytes=5-2",
    "bytes=alpha",
    "bytes=10",
    "5-6",
  ];
  ignored.push(
    "bytes=0-1,5-2",
    "bytes=0-1,x",
    "bytes=0x0-1",
    "bytes=+1-2",
    "bytes=1.5-2",
    "bytes=1e1-20",
    "bytes=0 - 4",
  );
  ignored.push("bytes =0-1", " bytes=0-1", "bits=0-1", "lines=1-2", "bytes=0-1;2-3", "bytes=0-1-2", "bytes=0-4,0-4x");
  ignored.push(
    "bytes=０-1",
    "bytes=0-60,50-99",
    "bytes=0-,0-,0-",
    every2nd(17),
    "bytes:0-1",
    "bytes=-5,5-2",
    "none=0-1",
  );
  test.each(ignored)("%j is ignored", (header) => {
    expect(parseRange(header, 100)).toEqual({ kind: "whole" });
  });
});

test.each(["bytes=0-0", "bytes=-5", "bytes=-0", "bytes=7-"])("%s of an empty file is the whole file", (header) => {
  expect(parseRange(header, 0)).toEqual({ kind: "whole" });
});

test("of files beyond 2^32 bytes", () => {
  expect(parseRange("bytes=5000000000-5000000001", 6e9)).toEqual({
    kind: "ranges",
    ranges: [{ start: 5_000_000_000, end: 5_000_000_002 }],
  });
});

test("16,000 characters of commas and digits take no time", () => {
  const started = performance.now();
  parseRange(`bytes=${"0-0,".repeat(4000)}`, 100);
  parseRange(`bytes=${"1".repeat(16_000)}`, 100);
  parseRange(`bytes=${" ".repeat(16_000)}x`, 100);
  expect(performance.now() - started).toBeLessThan(500);
});
