/** The judge must be strict: what it lets pass, no soak will ever find. */
import { expect, test } from "bun:test";
import { formatHttpDate } from "../../src/web/http/http_date.ts";
import { parseResponse } from "../helpers/raw_response.ts";
import type { ClientReply } from "./http_client.ts";
import { createJudge } from "./judge.ts";
import { addVersion, createPage, type Page, retireVersions } from "./page_history.ts";

/** Version 1 until 100, gone at 200; version 2 from 100 on. */
function twoVersions(kind: Page["kind"] = "small"): Page {
  const page = createPage("/a", "/a", kind);
  addVersion(page, Buffer.from("first"), 1_000, 0, 0);
  addVersion(page, Buffer.from("second"), 2_000, 90, 100);
  retireVersions([page], 150, 200);
  return page;
}

function reply(status: number, headers: Readonly<Record<string, string>>, body: string): ClientReply {
  const lines = Object.entries({ ETag: '"2"', "Last-Modified": formatHttpDate(2_000), ...headers });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const text = `HTTP/1.1 ${status} X\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  return { kind: "response", response: parseResponse(Buffer.from(text), 0, "GET", true)!.response, ms: 1 };
}

function hungUp(text: string): ClientReply {
  return { kind: "hungUp", received: Buffer.from(text) };
}

const broken: ClientReply = { kind: "broken", head: "HTTP/1.1 200 OK", bytes: 20, ms: 1 };
const rangeFor: Readonly<Record<number, string>> = { 206: "bytes=1-3", 416: "bytes=6-" };
const first = { ETag: '"1"', "Last-Modified": formatHttpDate(1_000) };

test.each<[string, ClientReply, { from?: number; to?: number; kind?: Page["kind"] }, string]>([
  ["the current version", reply(200, {}, "second"), {}, "right"],
  ["an old version while replicas may have it", reply(200, first, "first"), { from: 120 }, "right"],
  ["an old version afterwards", reply(200, first, "first"), {}, "stale bytes"],
  ["a version before there was one", reply(200, {}, "second"), { from: 10, to: 20 }, "stale bytes"],
  ["a mixture of two", reply(200, {}, "sirst"), {}, "wrong bytes"],
  ["a short body", reply(200, {}, "secon"), {}, "wrong bytes"],
  ["the date of another version", reply(200, { "Last-Modified": formatHttpDate(1_000) }, "second"), {}, "wrong header"],
  ["a part", reply(206, { "Content-Range": "bytes 1-3/6" }, "eco"), {}, "right"],
  ["a part with other bytes", reply(206, { "Content-Range": "bytes 1-3/6" }, "ecO"), {}, "wrong bytes"],
  ["a part of the size of another version", reply(206, { "Content-Range": "bytes 1-3/5" }, "eco"), {}, "wrong bytes"],
  ["a part that is shorter than it says", reply(206, { "Content-Range": "bytes 1-4/6" }, "eco"), {}, "wrong header"],
  ["not modified, never seen", reply(304, { ETag: '"9"' }, ""), {}, "stale bytes"],
  ["missing, though it was there", reply(404, {}, ""), {}, "not found"],
  ["range not satisfiable", reply(416, { "Content-Range": "bytes */6" }, ""), {}, "right"],
  ["range not satisfiable in another size", reply(416, { "Content-Range": "bytes */5" }, ""), {}, "wrong header"],
  ["unavailable", reply(503, {}, ""), {}, "unexpected status"],
  ["reset", broken, {}, "reset"],
  ["reset of a streamed body", broken, { kind: "streamed" }, "reset"],
  ["reset of a streamed body while replicas differ", broken, { kind: "streamed", from: 120 }, "allowedReset"],
])("%s: %#", (_, given, { from = 10_000, to = 10_001, kind = "small" }, expected) => {
  // What such an answer is the answer to, if it is right.
  const range = given.kind === "response" ? rangeFor[given.response.status] : undefined;
  const request = { method: "GET", target: "/a", headers: range === undefined ? {} : { Range: range } } as const;
  const verdict = createJudge()({ request, reply: given, page: twoVersions(kind), from, to });
  expect<string>(verdict.kind === "wrong" ? verdict.finding : verdict.kind).toBe(expected);
});

test.each<[string, Record<string, string>, ClientReply, string]>([
  ["another part than asked for", { Range: "bytes=0-2" }, reply(206, { "Content-Range": "bytes 1-3/6" }, "eco"), "no"],
  ["a part that nobody asked for", {}, reply(206, { "Content-Range": "bytes 1-3/6" }, "eco"), "no"],
  ["a part, clamped", { Range: "bytes=3-99" }, reply(206, { "Content-Range": "bytes 3-5/6" }, "ond"), "right"],
  ["a suffix", { Range: "bytes=-2" }, reply(206, { "Content-Range": "bytes 4-5/6" }, "nd"), "right"],
  ["everything to who asked for a part", { Range: "bytes=0-2" }, reply(200, {}, "second"), "no"],
  [
    "everything, since there is another version",
    { Range: "bytes=0-2", "If-Range": '"1"' },
    reply(200, {}, "second"),
    "right",
  ],
  [
    "a part of another version",
    { Range: "bytes=0-2", "If-Range": '"1"' },
    reply(206, { "Content-Range": "bytes 0-2/6" }, "sec"),
    "no",
  ],
  ["no part, though there is one", { Range: "bytes=5-" }, reply(416, { "Content-Range": "bytes */6" }, ""), "no"],
  ["everything to who has it", { "If-None-Match": '"2"' }, reply(200, {}, "second"), "no"],
  ["everything to who has another one", { "If-None-Match": '"1"' }, reply(200, {}, "second"), "right"],
  ["a beginning", {}, hungUp("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nseco"), "right"],
  ["another beginning", {}, hungUp("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfirs"), "wrong bytes"],
  ["a refusal, then hung up", {}, hungUp("HTTP/1.1 503 Service Unavailable\r\n\r\n"), "unexpected status"],
])("what was asked for: %s", (_, headers, given, expected) => {
  const request = { method: "GET", target: "/a", headers } as const;
  const verdict = createJudge()({ request, reply: given, page: twoVersions(), from: 10_000, to: 10_001 });
  const found = verdict.kind === "wrong" ? verdict.finding : verdict.kind;
  expect<string>(found).toBe(expected === "no" ? "not what was asked for" : expected);
});

test("not modified, to who has another version", () => {
  const judge = createJudge();
  const ask = (given: ClientReply, headers: Record<string, string>) => {
    const request = { method: "GET", target: "/a", headers } as const;
    const verdict = judge({ request, reply: given, page: twoVersions(), from: 10_000, to: 10_001 });
    return verdict.kind === "wrong" ? verdict.finding : verdict.kind;
  };
  expect(ask(reply(200, {}, "second"), {})).toBe("right");
  expect(ask(reply(304, {}, ""), { "If-None-Match": '"2"' })).toBe("right");
  expect(ask(reply(304, {}, ""), { "If-None-Match": '"1"' })).toBe("not what was asked for");
  expect(ask(reply(304, {}, ""), { "If-Modified-Since": formatHttpDate(2_000) })).toBe("right");
  expect(ask(reply(304, {}, ""), { "If-Modified-Since": formatHttpDate(1_999) })).toBe("not what was asked for");
});

test("not modified by date alone: what was edited twice within a second, and no older version", () => {
  const page = createPage("/a", "/a", "small");
  addVersion(page, Buffer.from("first"), 1_000, 0, 0);
  addVersion(page, Buffer.from("second"), 1_000, 90, 100);
  addVersion(page, Buffer.from("third"), 3_000, 190, 200);
  const judge = createJudge();
  const ask = (given: ClientReply, since: number | null) => {
    const headers = since === null ? {} : { "If-Modified-Since": formatHttpDate(since) };
    const verdict = judge({ request: { method: "GET", target: "/a", headers }, reply: given, page, from: 95, to: 96 });
    return verdict.kind === "wrong" ? verdict.finding : verdict.kind;
  };
  expect(ask(reply(200, first, "first"), null)).toBe("right");
  expect(ask(reply(304, { ETag: '"2"' }, ""), 999)).toBe("stale bytes");
  expect(ask(reply(304, { ETag: '"2"' }, ""), 1_000)).toBe("right");
  // Now it stands for the second version, and both have theirs.
  expect(ask(reply(304, { ETag: '"9"' }, ""), 1_000)).toBe("wrong ETag");
  expect(ask(reply(200, { ...first, ETag: '"2"' }, "first"), null)).toBe("wrong ETag");
});

test("one ETag for two bodies, and two ETags for one body, are found", () => {
  const request = { method: "GET", target: "/a", headers: {} } as const;
  const judge = createJudge();
  const page = twoVersions();
  const ask = (given: ClientReply) => {
    const verdict = judge({ request, reply: given, page, from: 120, to: 121 });
    return verdict.kind === "wrong" ? verdict.finding : verdict.kind;
  };
  expect(ask(reply(200, {}, "second"))).toBe("right");
  expect(ask(reply(200, { ...first, ETag: '"2"' }, "first"))).toBe("wrong ETag");
  expect(ask(reply(200, { ETag: '"3"' }, "second"))).toBe("wrong ETag");
});
