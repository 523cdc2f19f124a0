/** `--cache-control GLOB=VALUE`: which Cache-Control a file gets. The first pattern that matches wins. */
import { baseName, bytePath } from "../../chirp/byte_path.ts";
import type { BytePath } from "../../protocol.ts";

/** Makes a matcher of a glob; the web server gives Bun.Glob, so that this file stays free of it. */
export type CompileGlob = (glob: string) => (path: string) => boolean;

/** The value for a path below the web root ("/css/a.css"), or null. */
export type CacheControlOf = (path: BytePath) => string | null;

/** Values are visible ASCII and spaces: nothing else may stand in a header (no line break above all). */
const headerValue = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * Reads the option's values in the order in which they were given. A pattern without a slash is matched against the file's
 * name, one with a slash against the whole path. Throws an Error that quotes what cannot be used.
 *
 *     *.css=max-age=3600      /assets/**=public, max-age=31536000, immutable      *=no-cache
 */
export function parseCacheControl(options: readonly string[], compile: CompileGlob): CacheControlOf {
  const rules = options.map((option) => parseRule(option, compile));
  return (path) => rules.find((rule) => rule.matches(path))?.value ?? null;
}

function parseRule(option: string, compile: CompileGlob) {
  const equals = option.indexOf("=");
  const glob = option.slice(0, equals).trim();
  const value = option.slice(equals + 1).trim();
  if (equals < 0 || glob === "") {
    throw new Error(`"${option}" is not GLOB=VALUE, for example "*.css=max-age=3600"`);
  }
  if (!headerValue.test(value)) {
    throw new Error(`"${option}": "${value}" cannot be a Cache-Control value, for example "max-age=3600"`);
  }
  // Paths have a character for each byte, so patterns must have, too.
  const match = compile(bytePath(glob));
  if (!glob.includes("/")) return { value, matches: (path: BytePath) => match(baseName(path)) };
  const whole = glob.startsWith("/") ? match : compile(bytePath(`/${glob}`));
  return { value, matches: whole };
}
