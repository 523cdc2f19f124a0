/**
 * Which names take part, by rsync's include and exclude patterns: the first pattern that matches decides, and what none
 * matches takes part. Pure.
 *
 *     *.tmp      any name that ends so, in every directory        /a.html    only directly in the source directory
 *     cache/     directories only                                 a/*.js     the end of a path with these two parts
 *     a/**       what lies below a, at any depth                  dir/***    dir itself and all below it
 *     ?  [a-z]   one character, never a slash                     \*         a star
 */
import type { BytePath } from "../../protocol.ts";
import { byteTable, compileWildcards, type Wildcard } from "./wildcards.ts";

export interface FilterRule {
  readonly include: boolean;
  /** As rsync writes it, as bytes. */
  readonly pattern: BytePath;
}

/** Whether a path, relative to the source directory and without a leading slash, is left out. */
export type Filter = (path: BytePath, isDirectory: boolean) => boolean;

/** The filter of these rules. A pattern that is not well formed matches what rsync's would: nothing beyond itself. */
export function createFilter(rules: readonly FilterRule[]): Filter {
  const compiled = rules.map(({ include, pattern }) => ({ include, matches: compilePattern(pattern) }));
  return (path, isDirectory) => {
    for (const { include, matches } of compiled) {
      if (matches(path, isDirectory)) return !include;
    }
    return false;
  };
}

/**
 * The rules of an --exclude-from file. `+ p` includes, `- p` excludes, `!` forgets the rules so far, lines that begin with
 * `#` or `;` and empty ones are comments.
 */
export function parseFilterFile(text: BytePath, include: boolean): FilterRule[] {
  let rules: FilterRule[] = [];
  for (const line of text.split(/\r?\n|\r/)) {
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    if (line === "!") rules = [];
    else rules.push(parseFilterRule(line, include));
  }
  return rules;
}

/** `+ p` and `- p` say themselves which they are; any other text is a pattern of the given kind. */
export function parseFilterRule(text: BytePath, include: boolean): FilterRule {
  const sign = /^([+-]) (?=.)/s.exec(text)?.[1];
  if (sign === undefined) return { include, pattern: text };
  return { include: sign === "+", pattern: text.slice(2) };
}

/**
 * A pattern with a slash (other than one at its end) or with `**` is matched against the whole path, else against the last
 * name alone. Anchored at the source directory when it begins with a slash, else at any directory.
 */
function compilePattern(pattern: BytePath): (path: BytePath, isDirectory: boolean) => boolean {
  const andBelow = pattern.endsWith("/***");
  const directoryOnly = !andBelow && pattern.length > 1 && pattern.endsWith("/");
  let body = andBelow ? pattern.slice(0, -4) : directoryOnly ? pattern.slice(0, -1) : pattern;
  const anchored = body.startsWith("/");
  if (anchored) body = body.slice(1);
  const wildcards = translate(body);
  if (wildcards === null) return () => false;
  const wholePath = anchored || body.includes("/") || body.includes("**") || andBelow;
  const anywhere = wholePath && !anchored;
  const matches = compileWildcards(wildcards, { anywhere, andBelow });
  const matchesItself = compileWildcards(wildcards, { anywhere, andBelow: false });
  // rsync tries an unanchored pattern that begins with ** against the path with a slash before it as well.
  const slashed =
    body.startsWith("**") && !anchored ? compileWildcards(wildcards, { anywhere: false, andBelow }) : null;
  return (path, isDirectory) => {
    if (directoryOnly && !isDirectory) return false;
    if (andBelow && !isDirectory && !path.includes("/")) return false;
    if (!wholePath) return matches(path.slice(path.lastIndexOf("/") + 1));
    // dir/*** takes dir only when it is a directory.
    if (andBelow && !isDirectory && matchesItself(path)) return false;
    return matches(path) || (slashed !== null && slashed(`/${path}`));
  };
}

/** rsync's wildcards; null: not well formed, so that nothing matches. */
function translate(pattern: BytePath): Wildcard[] | null {
  const result: Wildcard[] = [];
  const literal = (character: string) => {
    const wanted = character.charCodeAt(0);
    result.push({ kind: "byte", table: byteTable((byte) => byte === wanted) });
  };
  // rsync takes a backslash as an escape only where the pattern has a wildcard.
  const hasWildcards = /[*?[]/.test(pattern);
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index]!;
    if (character === "*") {
      let stars = 1;
      while (pattern[index + 1] === "*") {
        stars++;
        index++;
      }
      result.push({ kind: stars > 1 ? "globstar" : "star" });
    } else if (character === "?") {
      result.push({ kind: "byte", table: byteTable((byte) => byte !== 0x2f) });
    } else if (character === "[") {
      const set = translateSet(pattern, index);
      if (set === null) return null;
      const expression = new RegExp(`^${set.expression}$`, "s");
      result.push({ kind: "byte", table: byteTable((byte) => expression.test(String.fromCharCode(byte))) });
      index = set.end;
    } else if (character === "\\" && hasWildcards) {
      if (index + 1 >= pattern.length) return null;
      literal(pattern[++index]!);
    } else {
      literal(character);
    }
  }
  return result;
}

const classes: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "a-z",
  print: "\\x20-\\x7e",
  punct: "\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e",
  space: "\\s",
  upper: "A-Z",
  xdigit: "0-9A-Fa-f",
};

/** A set such as [a-z], [!0-9], [[:digit:]_], beginning at `start`; null when it has no end. */
function translateSet(pattern: BytePath, start: number): { expression: string; end: number } | null {
  let index = start + 1;
  const negated = pattern[index] === "!" || pattern[index] === "^";
  if (negated) index++;
  let body = "";
  for (let first = true; first || pattern[index] !== "]"; first = false, index++) {
    if (index >= pattern.length) return null;
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(index))?.[1];
    if (named !== undefined) {
      const characters = classes[named];
      if (characters === undefined) return null;
      body += characters;
      index += named.length + 3;
      continue;
    }
    if (pattern[index] === "\\" && ++index >= pattern.length) return null;
    const low = pattern[index]!;
    const isRange = pattern[index + 1] === "-" && pattern[index + 2] !== undefined && pattern[index + 2] !== "]";
    if (!isRange) {
      body += escape(low);
      continue;
    }
    index += 2;
    if (pattern[index] === "\\" && ++index >= pattern.length) return null;
    const high = pattern[index]!;
    if (low <= high) body += `${escape(low)}-${escape(high)}`;
  }
  // A set never takes a slash, in either form.
  return { expression: body === "" ? (negated ? "[^/]" : "(?!)") : `(?!/)[${negated ? "^" : ""}${body}]`, end: index };
}

function escape(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
