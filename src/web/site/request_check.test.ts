import { expect, test } from "bun:test";
import { checkRequest, type RequestCheck } from "./request_check.ts";

const host = { Host: "h" };
const read = (method: "GET" | "HEAD"): RequestCheck => ({ kind: "read", method });
const refuse = (status: 400 | 405 | 413 | 501, close: boolean): RequestCheck => ({ kind: "refuse", status, close });

test.each<[method: string, headers: Record<string, string>, RequestCheck]>([
  ["GET", host, read("GET")],
  ["HEAD", host, read("HEAD")],
  ["GET", {}, read("GET")],
  ["OPTIONS", host, { kind: "options" }],
  ["GET", { Host: "a, b" }, refuse(400, true)],
  ["POST", { Host: "" }, refuse(400, true)],
  ["GET", { ...host, "Content-Length": "0" }, read("GET")],
  ["GET", { ...host, "Content-Length": "65536" }, read("GET")],
  ["GET", { ...host, "Content-Length": "65537" }, refuse(413, true)],
  ["HEAD", { ...host, "Content-Length": "99999999" }, refuse(413, true)],
  ["OPTIONS", { ...host, "Content-Length": "99999999" }, refuse(413, true)],
  ["GET", { ...host, "Content-Length": "5, 5" }, refuse(413, true)],
  ["GET", { ...host, "Transfer-Encoding": "chunked" }, read("GET")],
  ["POST", { ...host, "Content-Length": "5" }, refuse(405, true)],
  ["POST", { ...host, "Content-Length": "0" }, refuse(405, false)],
  ["POST", { ...host, "Transfer-Encoding": "chunked" }, refuse(405, true)],
  ["PUT", host, refuse(405, false)],
  ["DELETE", host, refuse(405, false)],
  ["PATCH", host, refuse(405, false)],
  ["TRACE", host, refuse(405, false)],
  ["CONNECT", host, refuse(405, true)],
  ["PROPFIND", host, refuse(501, false)],
  ["QUERY", { ...host, "Content-Length": "5" }, refuse(501, true)],
])("%s %j", (method, headers, check) => {
  expect(checkRequest(method, new Headers(headers))).toEqual(check);
});
