import { expect, test } from "bun:test";
import { contentRange, frameMultipart } from "./multipart.ts";

const file = "0123456789";

test("the parts and the tail, with the file's bytes between, are the body that RFC 9110 shows", () => {
  const ranges = [
    { start: 0, end: 2 },
    { start: 7, end: 10 },
  ];
  const { contentType, parts, tail, length } = frameMultipart(
    ranges,
    file.length,
    "text/plain; charset=utf-8",
    "BOUND",
  );
  const body = parts.map(({ head, start, end }) => head + file.slice(start, end)).join("") + tail;
  expect(contentType).toBe("multipart/byteranges; boundary=BOUND");
  expect(body).toBe(
    [
      "--BOUND",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Range: bytes 0-1/10",
      "",
      "01",
      "--BOUND",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Range: bytes 7-9/10",
      "",
      "789",
      "--BOUND--",
      "",
    ].join("\r\n"),
  );
  expect(length).toBe(body.length);
});

test("contentRange names the last byte, not the one after it", () => {
  expect(contentRange({ start: 0, end: 5 }, 10)).toBe("bytes 0-4/10");
});
