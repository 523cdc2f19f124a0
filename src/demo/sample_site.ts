/** The demo's website: the pages of examples/site, and what is too big to keep in the project, made at start. */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawLandscape } from "./landscape.ts";
import { encodePng } from "./png.ts";

const pages = join(import.meta.dir, "../../examples/site");

const blockBytes = 1024 * 1024;

/** Writes the site into the directory, with a large.bin of so many bytes and its SHA-256. */
export function writeSampleSite(directory: string, largeBytes: number): void {
  mkdirSync(directory, { recursive: true });
  cpSync(pages, directory, { recursive: true });
  writeFileSync(join(directory, "picture.png"), encodePng(drawLandscape(960, 400)));
  const large = largeContents(largeBytes);
  writeFileSync(join(directory, "large.bin"), large);
  const sha256 = createHash("sha256").update(large).digest("hex");
  writeFileSync(join(directory, "large.bin.sha256"), `${sha256}  large.bin\n`);
}

/** Bytes that look random and differ from block to block, so that nothing lost or misplaced goes unseen. */
function largeContents(length: number): Buffer {
  const contents = Buffer.alloc(length);
  let state = 0x9e3779b9;
  const words = new Uint32Array(blockBytes / 4);
  for (const index of words.keys()) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  const block = Buffer.from(words.buffer);
  for (let start = 0; start < length; start += blockBytes) {
    block.writeUInt32LE(start / blockBytes);
    block.copy(contents, start, 0, Math.min(blockBytes, length - start));
  }
  return contents;
}
