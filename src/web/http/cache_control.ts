/** `--cache-control GLOB=VALUE`: which Cache-Control a file gets. The first pattern that matches wins. */
import { baseName, bytePath } from "../../chirp/byte_path.ts";
import type { BytePath } from "../../protocol.ts";

export interface CacheControlRule {
  readonly value: string;
  /** Takes a path below the web root ("/css/a.css"). */
  readonly matches: (path: BytePath) => boolean;
}

/** The value for a path below the web root, or null. */
export type CacheControlOf = (path: BytePath) => string | null;

/** Values are visible ASCII and spaces: nothing else may stand in a header (no line break above all). */
const headerValue = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Of several rules the first that matches, in the order in which they were given. */
export function firstCacheControl(rules: readonly CacheControlRule[]): CacheControlOf {
  return (path) => rules.find((rule) => rule.matches(path))?.value ?? null;
}

/**
 * Reads one value of the option. A pattern without a slash is matched against the file's name, one with a slash against
 * the whole path. Throws an Error that quotes what cannot be used.
 *
 *     *.css=max-age=3600      /assets/**=public, max-age=31536000, immutable      *=no-cache
 */
export function parseCacheControl(text: string): CacheControlRule {
  const equals = text.indexOf("=");
  const glob = text.slice(0, equals).trim();
  const value = text.slice(equals + 1).trim();
  if (equals < 0 || glob === "") {
    throw new Error(`"${text}" is not GLOB=VALUE, for example "*.css=max-age=3600"`);
  }
  if (!headerValue.test(value)) {
    throw new Error(`"${text}": "${value}" cannot be a Cache-Control value, for example "max-age=3600"`);
  }
  const isForNames = !glob.includes("/");
  // Paths have a character for each byte, so patterns must have, too.
  const pattern = new Bun.Glob(bytePath(isForNames || glob.startsWith("/") ? glob : `/${glob}`));
  return { value, matches: (path) => pattern.match(isForNames ? baseName(path) : path) };
}
