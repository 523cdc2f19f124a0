/** Packs a listing as chirp/listing.ts unpacks it, so that a local directory looks as one of a server. Pure. */
import type { DirectoryEntry } from "../../protocol.ts";

const NUMBERS = 7;
const ALIGNMENT = 8;

export function encodeListing(entries: readonly DirectoryEntry[]): ArrayBuffer {
  const size = entries.reduce((sum, { name }) => sum + recordBytes(name.length), 0);
  const buffer = new ArrayBuffer(size);
  const numbers = new Float64Array(buffer);
  const bytes = Buffer.from(buffer);
  let offset = 0;
  for (const { name, stat } of entries) {
    const { mode, size: length, mtime, ctime, inode, links } = stat;
    numbers.set([mode, length, mtime, ctime, inode, links, name.length], offset / ALIGNMENT);
    bytes.write(name, offset + NUMBERS * ALIGNMENT, "latin1");
    offset += recordBytes(name.length);
  }
  return buffer;
}

function recordBytes(nameLength: number): number {
  return NUMBERS * ALIGNMENT + Math.ceil(nameLength / ALIGNMENT) * ALIGNMENT;
}
