/**
 * A directory listing as native/listing.c packs it. Each record, in the machine's byte order:
 *
 *     6 doubles   mode, size, mtime, ctime, inode, links
 *     1 double    n, the length of the name
 *     n bytes     the name, padded with zeros to a multiple of 8
 */
import type { DirectoryEntry, FileStat } from "../protocol.ts";

const NUMBERS = 7;
const HEADER_BYTES = NUMBERS * 8;

/** The entries in the server's order, which is none. */
export function decodeListing(buffer: ArrayBuffer): DirectoryEntry[] {
  const numbers = new Float64Array(buffer);
  const bytes = Buffer.from(buffer);
  const entries: DirectoryEntry[] = [];
  for (let offset = 0; offset < buffer.byteLength;) {
    const first = offset / 8;
    const nameLength = numbers[first + 6]!;
    const nameStart = offset + HEADER_BYTES;
    entries.push({
      name: bytes.toString("latin1", nameStart, nameStart + nameLength),
      stat: statFromNumbers(numbers, first),
    });
    offset = nameStart + Math.ceil(nameLength / 8) * 8;
  }
  return entries;
}

/** Six numbers in the order of native/chirp_shim.h, beginning at `first`. */
export function statFromNumbers(numbers: ArrayLike<number>, first: number): FileStat {
  return {
    mode: numbers[first]!,
    size: numbers[first + 1]!,
    mtime: numbers[first + 2]!,
    ctime: numbers[first + 3]!,
    inode: numbers[first + 4]!,
    links: numbers[first + 5]!,
  };
}
