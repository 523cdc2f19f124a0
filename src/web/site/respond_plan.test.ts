import { describe, expect, test } from "bun:test";
import { planResponse, prepareRepresentation, type RepresentationMetadata, type ResponsePlan } from "./respond_plan.ts";

const now = Date.UTC(2026, 10, 22) / 1000;
const lastModified = "Sun, 06 Nov 1994 08:49:37 GMT";
const metadata: RepresentationMetadata = {
  size: 100,
  mtime: 784_111_777,
  etag: '"v1"',
  mediaType: "text/plain; charset=utf-8",
  encoding: null,
  varies: false,
  cacheControl: null,
};
const whole = {
  "accept-ranges": "bytes",
  "content-length": "100",
  "content-type": "text/plain; charset=utf-8",
  etag: '"v1"',
  "last-modified": lastModified,
  "x-content-type-options": "nosniff",
};

function plan(
  headers: Record<string, string>,
  changes: Partial<RepresentationMetadata> = {},
  method: "GET" | "HEAD" = "GET",
) {
  const representation = prepareRepresentation({ ...metadata, ...changes }, now);
  return planResponse(method, new Headers(headers), representation, now, () => "BOUND");
}

function sent({ headers }: ResponsePlan): Record<string, string> {
  return Object.fromEntries(headers.entries());
}

describe("GET", () => {
  test("plain: 200 with everything", () => {
    const answer = plan({});
    expect(answer).toMatchObject({ status: 200, body: { kind: "whole" } });
    expect(sent(answer)).toEqual(whole);
  });

  test("the plain plan is made once and shared", () => {
    const representation = prepareRepresentation(metadata, now);
    const boundary = () => "BOUND";
    expect(planResponse("GET", new Headers(), representation, now, boundary)).toBe(representation.wholePlan);
    expect(planResponse("GET", new Headers({ Range: "lines=1-2" }), representation, now, boundary)).toBe(
      representation.wholePlan,
    );
    planResponse("GET", new Headers({ Range: "bytes=1-2" }), representation, now, boundary);
    planResponse("HEAD", new Headers(), representation, now, boundary);
    expect(sent(representation.wholePlan)).toEqual(whole);
  });

  test("an encoded copy says so", () => {
    const answer = plan({}, { encoding: "br", varies: true, cacheControl: "max-age=60" });
    expect(sent(answer)).toEqual({
      ...whole,
      "content-encoding": "br",
      vary: "Accept-Encoding",
      "cache-control": "max-age=60",
    });
  });

  test("without an ETag there is none, and no Last-Modified", () => {
    const { headers } = plan({}, { etag: null });
    expect([headers.has("ETag"), headers.has("Last-Modified")]).toEqual([false, false]);
    expect(plan({ "If-Modified-Since": lastModified }, { etag: null }).status).toBe(200);
    expect(plan({ "If-Range": lastModified, Range: "bytes=0-1" }, { etag: null }).status).toBe(200);
  });

  test("a date in the future is neither sent nor believed", () => {
    expect(plan({}, { mtime: now + 1 }).headers.has("Last-Modified")).toBeFalse();
    expect(plan({}, { mtime: now }).headers.has("Last-Modified")).toBeTrue();
    expect(plan({ "If-Modified-Since": "Sun, 07 Feb 2106 06:28:15 GMT" }, { mtime: now + 1 }).status).toBe(200);
  });
});

describe("304", () => {
  const headers = { "If-None-Match": '"v1"', Range: "bytes=0-1" };
  test.each(["GET", "HEAD"] as const)("%s: what the 200 would say, and nothing about a body", (method) => {
    const answer = plan(headers, { encoding: "br", varies: true, cacheControl: "no-cache" }, method);
    expect(answer).toMatchObject({ status: 304, body: { kind: "none" } });
    expect(sent(answer)).toEqual({
      etag: '"v1"',
      "last-modified": lastModified,
      "cache-control": "no-cache",
      vary: "Accept-Encoding",
      date: "Sun, 22 Nov 2026 00:00:00 GMT",
    });
  });
});

test.each(["GET", "HEAD"] as const)("412 to %s", (method) => {
  const answer = plan({ "If-Match": '"v2"' }, {}, method);
  expect(answer).toMatchObject({ status: 412, body: { kind: method === "GET" ? "page" : "none" } });
  expect(answer.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
  expect(answer.headers.has("ETag")).toBeFalse();
});

describe("HEAD", () => {
  test("has the headers of GET, the length and a date; no body", () => {
    const answer = plan({}, {}, "HEAD");
    expect(answer).toMatchObject({ status: 200, body: { kind: "none" } });
    expect(sent(answer)).toEqual({ ...whole, date: "Sun, 22 Nov 2026 00:00:00 GMT" });
  });

  test.each(["bytes=0-1", "bytes=200-", "bytes=0-1,5-6"])("ignores Range: %s", (range) => {
    expect(sent(plan({ Range: range }, {}, "HEAD"))).toMatchObject({ "content-length": "100" });
  });
});

describe("ranges", () => {
  test("one: 206", () => {
    const answer = plan({ Range: "bytes=10-19" }, { encoding: "gzip", varies: true });
    expect(answer).toMatchObject({ status: 206, body: { kind: "range", range: { start: 10, end: 20 } } });
    const described = { "content-length": "10", "content-range": "bytes 10-19/100", "content-encoding": "gzip" };
    expect(sent(answer)).toEqual({ ...whole, ...described, vary: "Accept-Encoding" });
  });

  test("several: multipart with its exact length", () => {
    const answer = plan({ Range: "bytes=0-1,98-" });
    expect(answer.status).toBe(206);
    if (answer.body.kind !== "multipart") throw new Error(`unexpected ${answer.body.kind}`);
    const { multipart } = answer.body;
    const framing = multipart.parts.reduce((sum, { head }) => sum + head.length, multipart.tail.length);
    expect(sent(answer)).toEqual({
      ...whole,
      "content-type": "multipart/byteranges; boundary=BOUND",
      "content-length": String(framing + 4),
    });
  });

  test("none satisfiable: 416", () => {
    const answer = plan({ Range: "bytes=100-" });
    expect(answer).toMatchObject({ status: 416, body: { kind: "page" } });
    expect(answer.headers.get("Content-Range")).toBe("bytes */100");
    expect(answer.headers.has("ETag")).toBeFalse();
    if (answer.body.kind === "page") expect(answer.headers.get("Content-Length")).toBe(String(answer.body.html.length));
  });

  test.each([
    [206, { "If-Range": '"v1"' }],
    [206, { "If-Range": lastModified }],
    [206, { "If-None-Match": '"v2"' }],
    [206, { "If-Match": '"v1"' }],
    [200, { "If-Range": '"v2"' }],
    [200, { "If-Range": 'W/"v1"' }],
    [200, { "If-Range": "Sun, 06 Nov 1994 08:49:38 GMT" }],
    [304, { "If-None-Match": '"v1"' }],
    [304, { "If-Modified-Since": lastModified }],
    [412, { "If-Match": '"v2"' }],
  ] as [number, Record<string, string>][])("%d with Range and %j", (status, headers) => {
    expect(plan({ Range: "bytes=0-1", ...headers }).status).toBe(status as ResponsePlan["status"]);
  });

  test("If-Range is looked at before the range's own validity", () => {
    expect(plan({ Range: "bytes=500-", "If-Range": '"v2"' }).status).toBe(200);
  });
});
