/** Writes one version after the other over a file, in place and in pieces: bun overwrite_forever.ts FILE SIZE VERSIONS */
import { openSync, writeSync } from "node:fs";
import { testBytes } from "./download.ts";

const [file = "", size, versions] = process.argv.slice(2);
const contents = Array.from({ length: Number(versions) }, (_, version) => testBytes(Number(size), version));
const fd = openSync(file, "r+");
const piece = 65_536;

for (let round = 0; ; round++) {
  const bytes = contents[round % contents.length]!;
  for (let start = 0; start < bytes.length; start += piece) {
    writeSync(fd, bytes, start, Math.min(piece, bytes.length - start), start);
    // A reader has to get in between.
    if (start % (16 * piece) === 0) await Bun.sleep(1);
  }
  await Bun.sleep(30);
}
