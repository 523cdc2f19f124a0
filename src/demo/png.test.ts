import { expect, test } from "bun:test";
import { crc32, inflateSync } from "node:zlib";
import { drawLandscape } from "./landscape.ts";
import { encodePng } from "./png.ts";

test("a picture is a PNG whose chunks are whole and hold its points", () => {
  const picture = drawLandscape(7, 5);
  const file = encodePng(picture);
  expect(file.toString("latin1", 0, 8)).toBe("\x89PNG\r\n\x1a\n");
  const chunks = new Map<string, Buffer>();
  for (let offset = 8; offset < file.length;) {
    const length = file.readUInt32BE(offset);
    const body = file.subarray(offset + 4, offset + 8 + length);
    expect(file.readUInt32BE(offset + 8 + length)).toBe(crc32(body));
    chunks.set(body.toString("latin1", 0, 4), body.subarray(4));
    offset += length + 12;
  }
  expect([...chunks.keys()]).toEqual(["IHDR", "IDAT", "IEND"]);
  expect(chunks.get("IHDR")?.toString("hex")).toBe("00000007000000050802000000");
  const rows = inflateSync(chunks.get("IDAT") ?? "");
  expect(rows.length).toBe(5 * (1 + 7 * 3));
  expect([...rows.subarray(22 + 1, 22 + 22)]).toEqual([...picture.rgb.subarray(21, 42)]);
});

test("a landscape has sky above and hills below, all over its width", () => {
  const { rgb } = drawLandscape(60, 40);
  const brightness = (x: number, y: number) =>
    rgb.slice((y * 60 + x) * 3, (y * 60 + x) * 3 + 3).reduce((a, b) => a + b);
  for (let x = 0; x < 60; x++) expect(brightness(x, 0)).toBeGreaterThan(brightness(x, 39) + 150);
});
