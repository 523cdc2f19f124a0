import { expect, test } from "bun:test";
import { decodeListing } from "../../chirp/listing.ts";
import { encodeListing } from "./encode_listing.ts";

test("a packed listing is unpacked to the same entries", () => {
  const stat = { mode: 0o100644, size: 2 ** 40, mtime: 4_294_967_295, ctime: 7, inode: 2 ** 50, links: 1 };
  const entries = ["a", "12345678", "123456789", "\xff\n\x01", "n".repeat(255)].map((name, index) => ({
    name,
    stat: { ...stat, size: stat.size + index },
  }));
  expect(decodeListing(encodeListing(entries))).toEqual(entries);
  expect(decodeListing(encodeListing([]))).toEqual([]);
});
