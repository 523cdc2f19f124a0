import { expect, test } from "bun:test";
import { formatHttpDate, parseHttpDate } from "./http_date.ts";

const example = 784_111_777;
const now = Date.UTC(2026, 10, 22) / 1000;

test.each([
  [0, "Thu, 01 Jan 1970 00:00:00 GMT"],
  [example, "Sun, 06 Nov 1994 08:49:37 GMT"],
  [2 ** 31, "Tue, 19 Jan 2038 03:14:08 GMT"],
  [2 ** 32 - 1, "Sun, 07 Feb 2106 06:28:15 GMT"],
])("formatHttpDate(%d) is %s, and reads back", (seconds, text) => {
  expect(formatHttpDate(seconds)).toBe(text);
  expect(parseHttpDate(text, now)).toBe(seconds);
});

test.each<[string, number]>([
  ["Sunday, 06-Nov-94 08:49:37 GMT", example],
  ["Sun Nov  6 08:49:37 1994", example],
  ["Sun Nov 06 08:49:37 1994", example],
  ["Wed Nov 16 08:49:37 1994", example + 10 * 86_400],
  ["Mon, 06 Nov 1994 08:49:37 GMT", example],
  ["Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 29) / 1000],
  ["Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1) / 1000],
  ["Sat, 01 Jan 0050 00:00:00 GMT", Date.parse("0050-01-01T00:00:00Z") / 1000],
  // now is 2026: 76 is 50 years ahead and stays there, 77 is in the past.
  ["Sunday, 01-Jan-76 00:00:00 GMT", Date.UTC(2076, 0, 1) / 1000],
  ["Sunday, 01-Jan-77 00:00:00 GMT", Date.UTC(1977, 0, 1) / 1000],
  ["Sunday, 01-Jan-00 00:00:00 GMT", Date.UTC(2000, 0, 1) / 1000],
])("parseHttpDate(%j) is %d", (text, seconds) => {
  expect(parseHttpDate(text, now)).toBe(seconds);
});

test.each([
  "",
  "0",
  "784111777",
  "tomorrow",
  "1994-11-06T08:49:37Z",
  "Sun, 06 Nov 1994 08:49:37",
  "Sun, 06 Nov 1994 08:49:37 UTC",
  "Sun, 06 Nov 1994 08:49:37 +0000",
  "Sun, 06 Nov 1994 08:49:37 GMT ",
  " Sun, 06 Nov 1994 08:49:37 GMT",
  "sun, 06 nov 1994 08:49:37 gmt",
  "Sun, 6 Nov 1994 08:49:37 GMT",
  "Sun, 06 Nov 94 08:49:37 GMT",
  "Sun, 06-Nov-94 08:49:37 GMT",
  "Sunday, 06-Nov-1994 08:49:37 GMT",
  "Xyz, 06 Nov 1994 08:49:37 GMT",
  "Sun, 32 Jan 1994 08:49:37 GMT",
  "Sun, 30 Feb 2024 08:49:37 GMT",
  "Sun, 29 Feb 2023 08:49:37 GMT",
  "Sun, 00 Jan 1994 08:49:37 GMT",
  "Sun, 06 Foo 1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 24:00:00 GMT",
  "Sun, 06 Nov 1994 08:60:00 GMT",
  "Sun, 06 Nov 1994 08:49:61 GMT",
  "Sun Nov 31 08:49:37 1994",
  "Sun Nov   08:49:37 1994",
  "Sun Nov 6 08:49:37 1994",
])("parseHttpDate(%j) is null", (text) => {
  expect(parseHttpDate(text, now)).toBeNull();
});
