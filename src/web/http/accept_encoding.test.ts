import { expect, test } from "bun:test";
import { chooseCoding, type ContentCoding, contentCodings } from "./accept_encoding.ts";

test.each<[string | null, ContentCoding | null]>([
  [null, null],
  ["", null],
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["GZIP", "gzip"],
  ["br", "br"],
  ["zstd", "zstd"],
  ["gzip, deflate, br", "br"],
  ["gzip, deflate, br, zstd", "br"],
  ["zstd, gzip", "zstd"],
  ["gzip;q=1.0, br;q=0.5", "gzip"],
  ["gzip;q=0.5, br;q=0.5", "br"],
  ["gzip ; q=0.9\t, br;Q=0.8", "gzip"],
  ["gzip;q=0.001", "gzip"],
  ["gzip;q=0", null],
  ["gzip;q=0.000", null],
  ["br;q=0, gzip", "gzip"],
  ["*", "br"],
  ["*;q=0", null],
  ["*;q=0, gzip", "gzip"],
  ["gzip;q=0.5, *;q=0.8", "br"],
  ["gzip, *;q=0", "gzip"],
  ["br;q=0, *", "zstd"],
  ["identity", null],
  ["identity, gzip", "gzip"],
  ["identity, gzip;q=0.5", null],
  ["identity;q=0.5, gzip;q=0.6", "gzip"],
  ["identity;q=0", null],
  ["identity;q=0, *;q=0", null],
  ["deflate, compress", null],
  ["brotli", null],
  ["gzip;q=x, br;q=0.1", "br"],
  ["gzip;q=-1", null],
  ["gzip;q=2", null],
  ["gzip;q=1.5", null],
  ["gzip;q=1.000, br;q=0.999", "gzip"],
  ["gzip;q=0.0001", null],
  ["gzip;level=9", null],
  ["gzip br", null],
  [",,gzip,,", "gzip"],
  ["__proto__, constructor", null],
])("of all codings, %j chooses %p", (header, coding) => {
  expect(chooseCoding(header, contentCodings)).toBe(coding);
});

test("only what is there is chosen", () => {
  expect(chooseCoding("br, gzip", [])).toBeNull();
  expect(chooseCoding("br, gzip", ["gzip"])).toBe("gzip");
  expect(chooseCoding("br", ["gzip", "zstd"])).toBeNull();
  expect(chooseCoding("*", ["gzip"])).toBe("gzip");
  expect(chooseCoding("br;q=1, zstd;q=0.5, gzip;q=0.9", ["zstd", "gzip"])).toBe("gzip");
});
