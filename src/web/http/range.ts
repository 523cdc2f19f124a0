/** The Range header (RFC 9110, 14.2), weighed against the size of what it asks for. */

/** Positions of the first byte and of the one after the last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export type RangeDecision =
  /** No range, not a valid one, or one not worth the parts: 200 with everything. */
  | { readonly kind: "whole" }
  /** 416. */
  | { readonly kind: "unsatisfiable" }
  /** 206: at least one, none of them touching another, in the order asked for. */
  | { readonly kind: "ranges"; readonly ranges: readonly ByteRange[] };

/** More ranges than this serve no reader, only someone who wants to make the server work. */
const maxRanges = 16;

const whole: RangeDecision = { kind: "whole" };
const unsatisfiable: RangeDecision = { kind: "unsatisfiable" };

/**
 * What to send of `size` bytes.
 *
 *     bytes=0-4 of 10 → 0..5          bytes=8-99 → 8..10              bytes=5-2, alpha, 10, -, lines=1-2 → whole
 *     bytes=-3        → 7..10         bytes=0-1,2-3,8- → 0..4, 8..10  bytes=10-, -0 → unsatisfiable
 */
export function parseRange(header: string, size: number): RangeDecision {
  const set = /^bytes=(.*)$/i.exec(header)?.[1];
  if (set === undefined || size === 0) return whole;
  const satisfiable: ByteRange[] = [];
  let specs = 0;
  for (const item of set.split(",")) {
    // Empty elements of a list are allowed (RFC 9110, 5.6.1.2).
    if (/^[ \t]*$/.test(item)) continue;
    const match = /^[ \t]*(\d*)-(\d*)[ \t]*$/.exec(item);
    if (match === null) return whole;
    const range = rangeOf(match[1]!, match[2]!, size);
    if (range === "invalid") return whole;
    specs++;
    if (range !== null) satisfiable.push(range);
  }
  if (specs === 0) return whole;
  if (satisfiable.length === 0) return unsatisfiable;
  if (satisfiable.length > maxRanges) return whole;
  if (satisfiable.reduce((sum, { start, end }) => sum + end - start, 0) > size) return whole;
  return { kind: "ranges", ranges: satisfiable.length === 1 ? satisfiable : merge(satisfiable) };
}

/** Digits of any length are good: beyond 2^53 the numbers are rounded, and all of them are beyond any file. */
function rangeOf(first: string, last: string, size: number): ByteRange | null | "invalid" {
  if (first === "") {
    if (last === "") return "invalid";
    const length = Math.min(Number(last), size);
    return length === 0 ? null : { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return "invalid";
  if (start >= size) return null;
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}

/** Overlapping and adjacent ranges become one, which stands where the first of them stood. */
function merge(ranges: readonly ByteRange[]): ByteRange[] {
  const byStart = ranges.map((range, order) => ({ ...range, order })).sort((a, b) => a.start - b.start);
  const merged: { start: number; end: number; order: number }[] = [];
  for (const range of byStart) {
    const last = merged.at(-1);
    if (last === undefined || range.start > last.end) {
      merged.push({ ...range });
    } else {
      last.end = Math.max(last.end, range.end);
      last.order = Math.min(last.order, range.order);
    }
  }
  return merged.sort((a, b) => a.order - b.order).map(({ start, end }) => ({ start, end }));
}
