/** Conditional requests (RFC 9110, 13): which of the If-… headers counts, and what comes of it. */
import { parseHttpDate } from "./http_date.ts";

/** The part of Headers that is needed: names in any case, null for what was not sent. */
export interface RequestHeaders {
  get(name: string): string | null;
}

export interface Validators {
  /** With its quotes, `"abc"`; null when there is none. */
  readonly etag: string | null;
  /** Whole seconds since 1970; null when it is not to be shown or relied on. */
  readonly mtime: number | null;
}

export type ConditionResult =
  | "proceed"
  /** 304. */
  | "notModified"
  /** 412. */
  | "failed";

/**
 * For GET and HEAD of something that exists. Order: If-Match, else If-Unmodified-Since; then If-None-Match, else
 * If-Modified-Since. Dates that cannot be read are ignored; a list of entity tags that cannot be read matches nothing.
 */
export function evaluateConditions(headers: RequestHeaders, is: Validators, nowSeconds: number): ConditionResult {
  const ifMatch = headers.get("if-match");
  if (ifMatch !== null) {
    if (!matches(ifMatch, is.etag, isStrongMatch)) return "failed";
  } else {
    const since = headers.get("if-unmodified-since");
    if (since !== null && is.mtime !== null) {
      const date = parseHttpDate(since, nowSeconds);
      if (date !== null && is.mtime > date) return "failed";
    }
  }
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null) return matches(ifNoneMatch, is.etag, isWeakMatch) ? "notModified" : "proceed";
  const since = headers.get("if-modified-since");
  if (since === null || is.mtime === null) return "proceed";
  const date = parseHttpDate(since, nowSeconds);
  return date !== null && is.mtime <= date ? "notModified" : "proceed";
}

/**
 * Whether a Range header counts: there is no If-Range, or it names this very version. A date must be exactly the
 * Last-Modified; a weak tag never does, since ranges need equal bytes.
 */
export function rangeApplies(headers: RequestHeaders, is: Validators, nowSeconds: number): boolean {
  const ifRange = headers.get("if-range");
  if (ifRange === null) return true;
  if (ifRange.startsWith('"') || ifRange.startsWith("W/")) return is.etag !== null && isStrongMatch(ifRange, is.etag);
  return is.mtime !== null && parseHttpDate(ifRange, nowSeconds) === is.mtime;
}

function matches(list: string, etag: string | null, isEqual: (a: string, b: string) => boolean): boolean {
  if (list.trim() === "*") return true;
  if (etag === null) return false;
  return entityTags(list)?.some((tag) => isEqual(tag, etag)) ?? false;
}

/** The members of a list of entity tags; commas may stand inside the quotes. Null when it is not such a list. */
function entityTags(list: string): string[] | null {
  const tags: string[] = [];
  const member = /[ \t]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")?[ \t]*(,|$)/y;
  while (member.lastIndex < list.length) {
    const match = member.exec(list);
    if (match === null) return null;
    if (match[1] !== undefined) tags.push(match[1]);
  }
  return tags;
}

function isStrongMatch(a: string, b: string): boolean {
  return a === b && !a.startsWith("W/");
}

function isWeakMatch(a: string, b: string): boolean {
  return a.replace(/^W\//, "") === b.replace(/^W\//, "");
}
