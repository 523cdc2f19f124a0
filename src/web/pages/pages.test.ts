import { expect, test } from "bun:test";
import { escapeHtml, escapeName, htmlPageHeaders } from "./html.ts";
import { errorPage, type ErrorStatus } from "./pages.ts";

const statuses: ErrorStatus[] = [400, 403, 404, 405, 412, 413, 416, 429, 500, 501, 503];

test.each(statuses)("the page of %d is whole, exact in length and loads nothing", (status) => {
  const { html, headers } = errorPage(status);
  expect(html).toStartWith("<!doctype html>");
  expect(html).toContain(`<title>${status} `);
  expect(headers["Content-Length"]).toBe(String(Buffer.byteLength(html)));
  expect(headers["Content-Type"]).toBe("text/html; charset=utf-8");
  expect(headers["Content-Security-Policy"]).toContain("default-src 'none'");
  expect(html).not.toMatch(/<script|src=|href=|url\(|@import/);
});

test("405 names the methods, 503 asks to come back and not to be kept", () => {
  expect(errorPage(405).headers).toMatchObject({ Allow: "GET, HEAD, OPTIONS" });
  expect(errorPage(503).headers).toMatchObject({ "Retry-After": "2", "Cache-Control": "no-store" });
  expect(errorPage(404).headers).not.toHaveProperty("Retry-After");
});

test("the policy lets only the script with the given hash run", () => {
  expect(htmlPageHeaders()["Content-Security-Policy"]).not.toContain("script-src");
  expect(htmlPageHeaders("'sha256-x'")["Content-Security-Policy"]).toContain("script-src 'sha256-x';");
});

test.each([
  ["<script>alert(\"1\" & '2')</script>", "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;"],
  ["&amp;", "&amp;amp;"],
])("escapeHtml(%j)", (text, escaped) => {
  expect(escapeHtml(text)).toBe(escaped);
});

test.each([
  ["caf\xc3\xa9", "café"],
  ["\xff<b>\n\x1b", "\\xff&lt;b&gt;\\x0a\\x1b"],
])("escapeName(%j)", (name, escaped) => {
  expect(escapeName(name)).toBe(escaped);
});
