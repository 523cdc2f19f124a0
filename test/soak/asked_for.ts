/**
 * Whether an answer is of the kind that was asked for. Right bytes are not enough: a part that nobody asked for, or "not modified"
 * to who has something else, is a mixture in the visitor's cache. Pure; written apart from the server's own parsers.
 */
import type { ClientRequest } from "./http_client.ts";

/** Positions of the first byte and of the one after the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** "whole": no range, or one that is no reason for parts. An empty list: nothing of it is there, so 416. */
export type Wanted = "whole" | readonly Span[];

/** What a request is to get of a version with this size and ETag. */
export function wantedOf({ headers }: ClientRequest, size: number, etag: string): Wanted {
  const specs = headers["Range"]?.slice("bytes=".length).split(",");
  if (specs === undefined || size === 0) return "whole";
  const condition = headers["If-Range"];
  if (condition !== undefined && condition !== etag) return "whole";
  const spans = specs.map((spec) => spanOf(spec, size)).filter(({ start, end }) => start < end);
  const bytes = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  return bytes > size ? "whole" : joined(spans);
}

/** Forms that visitors send: "a-b", "a-", "-n". */
function spanOf(spec: string, size: number): Span {
  const [first = "", last = ""] = spec.split("-");
  if (first === "") return { start: Math.max(0, size - Number(last)), end: size };
  return { start: Number(first), end: last === "" ? size : Math.min(size, Number(last) + 1) };
}

/** In the order of the file, what touches as one. */
export function joined(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last === undefined || span.start > last.end) result.push(span);
    else result[result.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
  }
  return result;
}

export function isSame(one: Wanted, other: Wanted): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
