/** Strong entity tags, the same from every replica that holds the same file. */
import type { FileStat } from "../../protocol.ts";
import type { Content } from "../content/content_cache.ts";

/** Characters of the base64url SHA-256 that are kept: 132 bits. */
const HASH_CHARACTERS = 22;

/** By contents for what is held in memory; by size and mtime for larger files, whose mtime the synchroniser keeps. */
export function createEtag(content: Content | null, { size, mtime }: FileStat): string {
  if (content !== null) return `"${content.hash.slice(0, HASH_CHARACTERS)}"`;
  return `"${size.toString(36)}-${mtime.toString(36)}"`;
}
