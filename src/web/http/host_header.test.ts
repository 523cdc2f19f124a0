import { expect, test } from "bun:test";
import { isHostAcceptable } from "./host_header.ts";

const good = [
  "h",
  "example.org",
  "EXAMPLE.org.",
  "localhost:8080",
  "h:",
  "h:0",
  "h:65535",
  "127.0.0.1:80",
  "[::1]",
  "[::1]:80",
];
good.push("[2001:db8::ff00:42:8329]:443", "[::ffff:1.2.3.4]", "xn--caf-dma.example", "a_b", "a%20b", "1");
test.each([null, ...good])("%j is acceptable", (host) => {
  expect(isHostAcceptable(host)).toBeTrue();
});

const malformed = [
  "",
  " ",
  ",",
  ", ",
  "a, b",
  "a, a",
  "a,b",
  "a, ",
  ", a",
  "a b",
  "a/b",
  "/",
  "u@b",
  "a?b",
  "a#b",
  "<b>",
  'a"b',
];
malformed.push(
  "a\\b",
  "é",
  "a:x",
  "a:-1",
  "a:65536",
  "a:999999",
  "a:80:80",
  ":80",
  "::1",
  "[::1",
  "::1]",
  "[]",
  "[zz]",
  "[::1]x",
);
malformed.push("http://a", "a%", "a%2", "a%zz", "a\tb", "a\n", "{a}", "a|b", "a^b", "`a`");
test.each(malformed)("%j is not", (host) => {
  expect(isHostAcceptable(host)).toBeFalse();
});

test("16,000 characters are judged at once", () => {
  const started = performance.now();
  for (const piece of ["a", "a.", "%41", ":", "[", "1:"]) isHostAcceptable(`${piece.repeat(16_000 / piece.length)}\n`);
  expect(performance.now() - started).toBeLessThan(500);
});
