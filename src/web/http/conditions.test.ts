import { describe, expect, test } from "bun:test";
import { type ConditionResult, evaluateConditions, rangeApplies } from "./conditions.ts";

const mtime = 784_111_777;
const exact = "Sun, 06 Nov 1994 08:49:37 GMT";
const earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
const later = "Sunday, 06-Nov-94 08:49:38 GMT";
const etag = '"v1,a"';
const now = 1_800_000_000;

describe("evaluateConditions", () => {
  test.each<[ConditionResult, Record<string, string>]>([
    ["proceed", {}],
    ["notModified", { "If-None-Match": etag }],
    ["notModified", { "If-None-Match": `W/${etag}` }],
    ["notModified", { "If-None-Match": `"x", ${etag}` }],
    ["notModified", { "If-None-Match": `"x",W/"y" , ${etag}\t,` }],
    ["notModified", { "If-None-Match": `,,${etag}` }],
    ["notModified", { "If-None-Match": "*" }],
    ["notModified", { "If-None-Match": " * " }],
    ["proceed", { "If-None-Match": '"x"' }],
    ["proceed", { "If-None-Match": '""' }],
    ["proceed", { "If-None-Match": "" }],
    ["proceed", { "If-None-Match": "v1,a" }],
    ["proceed", { "If-None-Match": `"x" ${etag}` }],
    ["proceed", { "If-None-Match": `x, ${etag}` }],
    ["proceed", { "If-None-Match": `${etag}, x` }],
    ["proceed", { "If-None-Match": `w/${etag}` }],
    ["proceed", { "If-None-Match": `${etag}x` }],
    ["proceed", { "If-None-Match": '"v1' }],
    ["proceed", { "If-None-Match": '"V1,A"' }],
    ["notModified", { "If-Modified-Since": exact }],
    ["notModified", { "If-Modified-Since": later }],
    ["notModified", { "If-Modified-Since": "Sun Nov  6 08:49:37 1994" }],
    ["proceed", { "If-Modified-Since": earlier }],
    ["proceed", { "If-Modified-Since": "yesterday" }],
    ["proceed", { "If-Modified-Since": "0" }],
    // If-Modified-Since does not count beside If-None-Match, readable or not.
    ["proceed", { "If-None-Match": '"x"', "If-Modified-Since": exact }],
    ["proceed", { "If-None-Match": "nonsense", "If-Modified-Since": exact }],
    ["notModified", { "If-None-Match": etag, "If-Modified-Since": earlier }],
    ["proceed", { "If-Match": etag }],
    ["proceed", { "If-Match": "*" }],
    ["proceed", { "If-Match": `"x", ${etag}` }],
    ["failed", { "If-Match": `W/${etag}` }],
    ["failed", { "If-Match": '"x"' }],
    ["failed", { "If-Match": "" }],
    ["failed", { "If-Match": "nonsense" }],
    ["proceed", { "If-Unmodified-Since": exact }],
    ["proceed", { "If-Unmodified-Since": later }],
    ["failed", { "If-Unmodified-Since": earlier }],
    ["proceed", { "If-Unmodified-Since": "never" }],
    // If-Unmodified-Since does not count beside If-Match.
    ["proceed", { "If-Match": etag, "If-Unmodified-Since": earlier }],
    ["failed", { "If-Match": '"x"', "If-Unmodified-Since": exact }],
    // What fails first decides.
    ["failed", { "If-Match": '"x"', "If-None-Match": etag }],
    ["notModified", { "If-Match": etag, "If-None-Match": etag }],
    ["failed", { "If-Unmodified-Since": earlier, "If-None-Match": etag }],
    ["notModified", { "If-Unmodified-Since": exact, "If-Modified-Since": exact }],
  ])("%s: %j", (result, headers) => {
    expect(evaluateConditions(new Headers(headers), { etag, mtime }, now)).toBe(result);
  });

  test.each<[ConditionResult, Record<string, string>]>([
    ["proceed", { "If-None-Match": etag }],
    ["notModified", { "If-None-Match": "*" }],
    ["failed", { "If-Match": etag }],
    ["proceed", { "If-Match": "*" }],
    ["proceed", { "If-Modified-Since": later }],
    ["proceed", { "If-Unmodified-Since": earlier }],
  ])("without validators, %s: %j", (result, headers) => {
    expect(evaluateConditions(new Headers(headers), { etag: null, mtime: null }, now)).toBe(result);
  });

  test("a weak tag of ours matches weakly and never strongly", () => {
    const weak = { etag: 'W/"a"', mtime };
    expect(evaluateConditions(new Headers({ "If-None-Match": '"a"' }), weak, now)).toBe("notModified");
    expect(evaluateConditions(new Headers({ "If-Match": 'W/"a"' }), weak, now)).toBe("failed");
    expect(rangeApplies(new Headers({ "If-Range": 'W/"a"' }), weak, now)).toBeFalse();
  });

  test("16,000 characters of commas, blanks and quotes take no time", () => {
    const started = performance.now();
    for (const piece of [",", " ", '"', "W/", '"a",', " ,"]) {
      const list = `${piece.repeat(16_000 / piece.length)}x`;
      expect(evaluateConditions(new Headers({ "If-None-Match": list }), { etag, mtime }, now)).toBe("proceed");
    }
    expect(performance.now() - started).toBeLessThan(500);
  });
});

test.each<[boolean, string]>([
  [true, etag],
  [false, `W/${etag}`],
  [false, '"x"'],
  [false, "*"],
  [false, `${etag}, "x"`],
  [false, ""],
  [true, exact],
  [true, "Sunday, 06-Nov-94 08:49:37 GMT"],
  [false, later],
  [false, earlier],
  [false, "nonsense"],
])("rangeApplies is %p for If-Range: %s", (applies, ifRange) => {
  expect(rangeApplies(new Headers({ "If-Range": ifRange }), { etag, mtime }, now)).toBe(applies);
});

test("rangeApplies without If-Range, and not with it when there is nothing to compare", () => {
  expect(rangeApplies(new Headers(), { etag: null, mtime: null }, now)).toBeTrue();
  expect(rangeApplies(new Headers({ "If-Range": etag }), { etag: null, mtime: null }, now)).toBeFalse();
  expect(rangeApplies(new Headers({ "If-Range": "nonsense" }), { etag: null, mtime: null }, now)).toBeFalse();
});
