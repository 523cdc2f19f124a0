/** Strong entity tags, the same from every replica that holds the same file. */
import type { FileStat } from "../../protocol.ts";
import type { Content } from "../content/content_cache.ts";

/** Characters of the base64url SHA-256 that are kept: 132 bits. */
const HASH_CHARACTERS = 22;

/** Times on a server are whole seconds: so soon after a change, another one may leave size and mtime as they are. */
const YOUNG_SECONDS = 2;

/**
 * By contents for what is held in memory; by size and mtime for larger files, whose mtime the synchroniser keeps. Null for
 * a larger file that has just been changed: two versions with one strong tag would be mixed by who resumes a download.
 *
 *     held                                        "3q2-7wAAAAAAAAAAAAAAAA"
 *     6,000,000 bytes, of 1,700,000,000           "3klmo-s44we8"
 *     the same at 1,700,000,001                   null
 */
export function createEtag(content: Content | null, { size, mtime }: FileStat, nowSeconds: number): string | null {
  if (content !== null) return `"${content.hash.slice(0, HASH_CHARACTERS)}"`;
  if (Math.abs(nowSeconds - mtime) < YOUNG_SECONDS) return null;
  return `"${size.toString(36)}-${mtime.toString(36)}"`;
}
