import { describe, expect, test } from "bun:test";
import { type AccessRecord, createAccessLogLine } from "./access_log.ts";

const record: AccessRecord = {
  timeMs: Date.UTC(2026, 10, 2, 6, 7, 8, 912),
  client: "127.0.0.1",
  method: "GET",
  target: "/a?b=1",
  status: 200,
  bytes: 1234,
  referer: null,
  userAgent: "curl/8",
  durationMs: 1.23456,
  ttfbMs: 0.5,
  server: "hostA:9094",
  tries: 2,
  switches: 1,
  hedged: true,
  cache: "miss",
  rpcs: 3,
  reset: false,
};
const hostile = 'x" 200 1 "\n127.0.0.1 - - [] "GET /\r\0\x1b[31m\\ \x7f\x85é\u2028😀\ud800';

describe("combined", () => {
  const line = createAccessLogLine("combined");

  test("is what Apache calls combined", () => {
    expect(line(record)).toBe('127.0.0.1 - - [02/Nov/2026:06:07:08 +0000] "GET /a?b=1 HTTP/1.1" 200 1234 "-" "curl/8"');
  });

  test("the time moves on, and back", () => {
    expect(line({ ...record, timeMs: record.timeMs + 1000 })).toContain("[02/Nov/2026:06:07:09 +0000]");
    expect(line(record)).toContain("[02/Nov/2026:06:07:08 +0000]");
  });

  test.each([
    ['a"b', "a\\x22b"],
    ["a\\b", "a\\x5Cb"],
    ["a\r\nb", "a\\x0D\\x0Ab"],
    ["\x1b[31m\x7f", "\\x1B[31m\\x7F"],
    ["\xe9", "\\xE9"],
    ["caf\xc3\xa9", "caf\\xC3\\xA9"],
    ["→", "\\xE2\\x86\\x92"],
    ["", "-"],
  ])("a user agent %j is logged as %s", (userAgent, logged) => {
    expect(line({ ...record, userAgent })).toEndWith(` "${logged}"`);
  });

  test("one line with the same fields, whatever a client sends", () => {
    const logged = line({
      ...record,
      method: hostile,
      target: hostile,
      referer: hostile,
      userAgent: hostile,
      client: hostile,
    });
    expect(logged).toMatch(/^[\x20-\x7e]+$/);
    expect(logged.match(/"/g)).toHaveLength(6);
  });
});

describe("JSON", () => {
  const line = createAccessLogLine("json");

  test("has everything under its names", () => {
    expect(JSON.parse(line(record))).toEqual({
      time: "2026-11-02T06:07:08.912Z",
      client: "127.0.0.1",
      method: "GET",
      target: "/a?b=1",
      status: 200,
      bytes: 1234,
      referer: null,
      user_agent: "curl/8",
      duration_ms: 1.235,
      ttfb_ms: 0.5,
      server: "hostA:9094",
      tries: 2,
      switches: 1,
      hedged: true,
      cache: "miss",
      rpcs: 3,
      reset: false,
    });
  });

  test("one line that reads back, whatever a client sends", () => {
    const logged = line({ ...record, target: hostile, userAgent: hostile });
    expect(logged).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/);
    expect(JSON.parse(logged)).toMatchObject({ target: hostile, user_agent: hostile });
  });
});
