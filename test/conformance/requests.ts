/** Cases about the request itself: methods, Host, framing, the shape of targets and headers. */
import { answered, type Piece } from "../helpers/raw_http.ts";
import { type ConformanceCase, type Expected, get, getCase, headCase } from "./case.ts";
import { hundred } from "./site.ts";

const ok = { status: 200, body: hundred };
const bad = { status: 400 };
const host = "Host: localhost\r\n";
const close = "Connection: close\r\n";
const file = "GET /file.txt HTTP/1.1\r\n";
const allow = { Allow: "GET, HEAD, OPTIONS" };

function raw(
  name: string,
  request: string,
  expected: ConformanceCase["expected"],
  more: Partial<ConformanceCase> = {},
) {
  return { name, request, expected, ...more } satisfies ConformanceCase;
}

function method(name: string, expected: ConformanceCase["expected"], headers: Readonly<Record<string, string>> = {}) {
  return raw(`method ${name}`, get("/file.txt", headers, name), expected, { method: name });
}

function withHost(value: string, expected: ConformanceCase["expected"] = bad) {
  return raw(`Host: ${JSON.stringify(value)}`, `${file}Host: ${value}\r\n${close}\r\n`, expected);
}

export const methodCases: readonly ConformanceCase[] = [
  headCase("/file.txt", {
    status: 200,
    headers: { "Content-Length": "100", "Content-Type": "text/plain; charset=utf-8" },
  }),
  headCase("/big.bin", { status: 200, headers: { "Content-Length": "3200000" } }),
  headCase("/nothing", { status: 404, headers: { "Content-Type": "text/html; charset=utf-8" } }),
  method("OPTIONS", { status: 204, headers: allow, body: "" }),
  method("POST", { status: 405, headers: allow }, { "Content-Length": "0" }),
  method("PUT", { status: 405, headers: allow }, { "Content-Length": "0" }),
  method("DELETE", { status: 405, headers: allow }),
  method("PATCH", { status: 405, headers: allow }, { "Content-Length": "0" }),
  method("TRACE", { status: 405, headers: allow }),
  method("PROPFIND", { status: [405, 501] }),
  // node:http answers what Bun.serve closes upon, and the other way round.
  { ...method("FOO", null), onNode: { status: 400 } },
  { ...method("get", null), onNode: { status: 400 } },
  raw(
    "CONNECT",
    `CONNECT localhost:80 HTTP/1.1\r\n${host}${close}\r\n`,
    { status: [400, 405] },
    { method: "CONNECT", onNode: null },
  ),
  raw("405 for what is not there", get("/nothing", { "Content-Length": "0" }, "POST"), { status: [404, 405] }),
];

export const hostCases: readonly ConformanceCase[] = [
  raw("no Host in HTTP/1.1", `${file}${close}\r\n`, bad),
  raw("no Host in HTTP/1.0", "GET /file.txt HTTP/1.0\r\n\r\n", ok),
  raw("Host in HTTP/1.0", `GET /file.txt HTTP/1.0\r\n${host}\r\n`, ok),
  raw("two Hosts", `${file}Host: a\r\nHost: b\r\n${close}\r\n`, bad),
  raw("two equal Hosts", `${file}Host: a\r\nHost: a\r\n${close}\r\n`, bad),
  withHost("localhost:{port}", ok),
  withHost("127.0.0.1", ok),
  withHost("[::1]:8080", ok),
  withHost("some.other.name", ok),
  withHost(""),
  withHost("a b"),
  withHost("a/b"),
  withHost("user@a"),
  withHost("a?b"),
  withHost("<script>"),
  withHost("a:99999"),
  withHost("a:port"),
  withHost("[zz]"),
];

export const targetCases: readonly ConformanceCase[] = [
  raw("absolute form", `GET http://localhost/file.txt HTTP/1.1\r\n${host}${close}\r\n`, ok),
  raw("absolute form with another host", `GET http://other/file.txt HTTP/1.1\r\n${host}${close}\r\n`, {
    status: [200, 400, 421],
  }),
  raw("absolute form in HTTP/1.0", "GET http://localhost/file.txt HTTP/1.0\r\n\r\n", ok),
  raw("a target without slash", `GET file.txt HTTP/1.1\r\n${host}${close}\r\n`, bad),
  raw("target *", `GET * HTTP/1.1\r\n${host}${close}\r\n`, bad),
  raw("a target with a space", `GET /file.txt x HTTP/1.1\r\n${host}${close}\r\n`, { status: [400, 505] }),
  raw("a target with a raw zero byte", `GET /file.txt\0 HTTP/1.1\r\n${host}${close}\r\n`, { status: [400, 505] }),
  raw("a target with a raw tab", `GET /file\t.txt HTTP/1.1\r\n${host}${close}\r\n`, { status: [400, 505] }),
  raw("HTTP/0.9", "GET /file.txt\r\n\r\n", { status: [400, 505] }),
  raw("HTTP/2.0", `GET /file.txt HTTP/2.0\r\n${host}\r\n`, { status: [400, 505] }),
  raw("HTTP/1.x", `GET /file.txt HTTP/1.x\r\n${host}\r\n`, { status: [400, 505] }),
  raw("no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", { status: [400, 505] }),
  getCase("/file.txt?", ok),
  getCase("/file.txt?a=b&c=/../..&d=%00%zz", ok),
  getCase("/file.txt#fragment", bad),
];

export const headerCases: readonly ConformanceCase[] = [
  raw("header names in any case", `${file}hOsT: localhost\r\nCONNECTION: close\r\n\r\n`, ok),
  raw("a space before the colon", `${file}${host}X : y\r\n${close}\r\n`, bad),
  raw("a header without name", `${file}${host}: y\r\n${close}\r\n`, bad),
  raw("a header without colon", `${file}${host}nonsense\r\n${close}\r\n`, bad),
  raw("a folded header", `${file}${host}X: y\r\n z\r\n${close}\r\n`, bad),
  raw("a folded first header", `${file} X: y\r\n${host}${close}\r\n`, bad),
  raw("a zero byte in a header", `${file}${host}X: y\0z\r\n${close}\r\n`, bad),
  raw("a carriage return in a header", `${file}${host}X: y\rz\r\n${close}\r\n`, bad),
  raw("20 KB of header", `${file}${host}X: ${"x".repeat(20_480)}\r\n${close}\r\n`, { status: 431 }),
  raw("20 KB of target", `GET /${"x".repeat(20_480)} HTTP/1.1\r\n${host}\r\n`, { status: [414, 431] }),
  raw("300 headers", `${file}${host}${"X: y\r\n".repeat(300)}${close}\r\n`, { status: [400, 431] }),
  getCase("/file.txt", ok, { Expect: "nonsense" }),
  getCase("/file.txt", ok, { Upgrade: "websocket", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" }),
];

const next = get("/dir/page.html");
const page = { status: 200, body: "page" };
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
const post = `POST /file.txt HTTP/1.1\r\n${host}`;

const chunked = "Transfer-Encoding: chunked\r\n\r\n";

/** Two requests on one connection, the second one for a page that tells itself apart. */
function series(name: string, request: readonly Piece[], method: string, expected: Expected): ConformanceCase {
  return { name, request, methods: [method, "GET"], expected: [expected, page] };
}

export const framingCases: readonly ConformanceCase[] = [
  // Bun closes when a request comes in while another one of the same connection is being answered (Bun pull request 38128).
  { ...series("two requests at once", [`${file}${host}\r\n${next}`], "GET", ok), mayClose: true },
  series("GET, then GET", [`${file}${host}\r\n`, answered, next], "GET", ok),
  series("HEAD, then GET", [`HEAD /file.txt HTTP/1.1\r\n${host}\r\n`, answered, next], "HEAD", {
    status: 200,
    body: "",
  }),
  series("304, then GET", [`${file}${host}If-None-Match: {etag}\r\n\r\n`, answered, next], "GET", {
    status: 304,
    body: "",
  }),
  series("404, then GET", [`GET /nothing HTTP/1.1\r\n${host}\r\n`, answered, next], "GET", { status: 404 }),
  series("416, then GET", [`${file}${host}Range: bytes=500-\r\n\r\n`, answered, next], "GET", { status: 416 }),
  series("a small body with GET, ignored", [`${file}${host}Content-Length: 5\r\n\r\nhello`, answered, next], "GET", ok),
  series(
    "a body that comes late, ignored",
    [`${file}${host}Content-Length: 5\r\n\r\n`, answered, `hello${next}`],
    "GET",
    ok,
  ),
  series(
    "a chunked body with GET, ignored",
    [`${file}${host}${chunked}1\r\nx\r\n0\r\n\r\n`, answered, next],
    "GET",
    ok,
  ),
  raw("a body that is announced too large", `${file}${host}Content-Length: 999999999\r\n\r\n`, { status: 413 }),
  raw("a length and chunks", `${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`, bad),
  raw("two lengths", `${post}Content-Length: 0\r\nContent-Length: 40\r\n\r\n${smuggled}`, bad),
  raw("a negative length", `${post}Content-Length: -1\r\n\r\n${smuggled}`, bad),
  raw("a length with a plus", `${post}Content-Length: +1\r\n\r\n${smuggled}`, bad),
  raw("a list of lengths", `${post}Content-Length: 0, 40\r\n\r\n${smuggled}`, bad),
  raw("an unknown transfer encoding", `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`, bad),
  raw("chunked twice", `${post}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${smuggled}`, bad),
  raw("chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", bad),
  raw("a bad chunk size", `${file}${host}Transfer-Encoding: chunked\r\n\r\n-1\r\n${smuggled}`, bad),
  raw(
    "a refused body ends the connection",
    `${post}Content-Length: 5\r\n\r\nhello`,
    { status: 405 },
    { method: "POST" },
  ),
];
