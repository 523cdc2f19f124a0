import { expect, test } from "bun:test";
import { formatBytes, formatRate, formatSeconds } from "./format.ts";
import { eventObject, replicaObject } from "./json_output.ts";
import { type ChangeEvent, emptyCounts, type FailureEvent, type TargetReport } from "./report.ts";
import { formatChange, formatFailure, formatSummary } from "./text_output.ts";

const change: ChangeEvent = {
  kind: "change",
  replica: "hostB:9094",
  path: "a\nb\xff",
  change: "copy",
  type: "file",
  itemized: ">f+++++++++",
  size: 3,
};

const report: TargetReport = {
  replica: "hostB:9094",
  directory: "/dst",
  counts: { ...emptyCounts(), copied: 2, unchanged: 7, bytes: 3072 },
  seconds: 2,
  rpcs: 40,
  codes: new Set(),
  withheld: null,
  ending: null,
  exitCode: 0,
};

test("lines of changes show control characters and bytes that are no text", () => {
  expect(formatChange(change, true)).toBe(">f+++++++++ a\\x0ab\\xff");
  expect(formatChange({ ...change, path: "d", type: "directory" }, false)).toBe("d/");
  expect(formatChange({ ...change, change: "delete", path: "x" }, false)).toBe("deleting x");
});

test("failures name server, path, action and reason", () => {
  const failure: FailureEvent = {
    kind: "failure",
    replica: "hostB:9094",
    server: "hostB:9094",
    path: "/dst/a/b",
    action: "copy",
    code: "ENOSPC",
    reason: "no space left on device",
  };
  expect(formatFailure(failure)).toBe('hostB:9094 "/dst/a/b": copy: no space left on device');
});

test("a summary is one line", () => {
  expect(formatSummary(report)).toBe(
    "hostB:9094 /dst: copied 2, updated 0, deleted 0, unchanged 7, failed 0; 3.0 KiB in 2.0 s (1.5 KiB/s), 40 RPCs",
  );
  expect(formatSummary({ ...report, exitCode: 23 })).toContain("; not complete");
  expect(formatSummary({ ...report, seconds: 0 })).toContain("0 B/s");
});

test("objects have the fields of the schema, and exact bytes where text is not exact", () => {
  expect(eventObject(change)).toEqual({
    event: "copy",
    replica: "hostB:9094",
    path: "a\\x0ab\\xff",
    pathBase64: Buffer.from("a\nb\xff", "latin1").toString("base64"),
    type: "file",
    itemized: ">f+++++++++",
    size: 3,
  });
  expect(eventObject({ ...change, path: "caf\u00c3\u00a9" })).not.toHaveProperty("pathBase64");
  expect(replicaObject(report)).toMatchObject({
    replica: "hostB:9094",
    copied: 2,
    unchanged: 7,
    bytes: 3072,
    rpcs: 40,
  });
});

test("numbers", () => {
  expect([0, 1023, 1024, 1536, 1024 ** 3].map(formatBytes)).toEqual(["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 GiB"]);
  expect(formatRate(2048)).toBe("2.0 KiB/s");
  expect([0, 75, 3700].map(formatSeconds)).toEqual(["0:00", "1:15", "1:01:40"]);
});
