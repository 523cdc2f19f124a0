import { expect, test } from "bun:test";
import { firstCacheControl, parseCacheControl } from "./cache_control.ts";

test.each([
  ["/a.css", "max-age=3600"],
  ["/deep/er/a.css", "max-age=3600"],
  ["/assets/a.css", "public, max-age=31536000, immutable"],
  ["/assets/x/y.png", "public, max-age=31536000, immutable"],
  ["/docs/a.pdf", "private"],
  ["/docs/x/a.pdf", null],
  ["/x/docs/a.pdf", null],
  ["/caf\xc3\xa9.html", "no-cache"],
  ["/a.jpg", "max-age=1"],
  ["/a.png", "max-age=1"],
  ["/a.gif", null],
  ["/", null],
])("%s gets %p", (path, value) => {
  const rules = [
    "/assets/**=public, max-age=31536000, immutable",
    "*.css=max-age=3600",
    "docs/*.pdf = private ",
    "café*=no-cache",
    "*.{jpg,png}=max-age=1",
    "*.css=never reached",
  ];
  expect(firstCacheControl(rules.map(parseCacheControl))(path)).toBe(value);
});

test.each(["", "=", "=no-cache", "*.css", "*.css=", "*.css= ", "*=a\r\nSet-Cookie: b", "*=caf\u00e9", "*=a\0"])(
  "%j is refused, and quoted",
  (option) => {
    expect(() => parseCacheControl(option)).toThrow(`"${option}"`);
  },
);
