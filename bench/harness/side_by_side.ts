/**
 * Two programs measured in one run, in turn: A B B A A B … A machine that is busy slows both sides of a pair alike, so that
 * the ratio within a pair says more than two figures of different moments. What counts is the median of these ratios.
 */

export interface Rounds {
  /** Pairs at least; more are measured, up to `max`, while the middle half of the ratios is wider than WIDE. */
  readonly min: number;
  readonly max: number;
}

export interface Comparison {
  /** Median of ours / theirs over all pairs. */
  readonly ratio: number;
  /** The middle half of the ratios. */
  readonly low: number;
  readonly high: number;
}

export type Pair<T> = readonly [ours: T, theirs: T];

/** Of the median: a spread that leaves the first digit in doubt. */
const WIDE = 0.2;

/** `valueOf` tells what is compared, for the decision whether more pairs are needed. */
export async function sideBySide<T>(
  ours: () => Promise<T>,
  theirs: () => Promise<T>,
  rounds: Rounds,
  valueOf: (result: T) => number,
): Promise<readonly Pair<T>[]> {
  const pairs: Pair<T>[] = [];
  for (;;) {
    // Who comes first changes, in case the first one warms something up for the second.
    const isOurTurn = pairs.length % 2 === 0;
    const first = await (isOurTurn ? ours() : theirs());
    const second = await (isOurTurn ? theirs() : ours());
    pairs.push(isOurTurn ? [first, second] : [second, first]);
    if (pairs.length < rounds.min) continue;
    const { ratio, low, high } = compare(pairs, valueOf);
    if (high - low <= WIDE * ratio || pairs.length >= rounds.max) return pairs;
  }
}

export function compare<T>(pairs: readonly Pair<T>[], valueOf: (result: T) => number): Comparison {
  const ratios = pairs.map(([a, b]) => valueOf(a) / valueOf(b));
  return { ratio: quantile(ratios, 0.5), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) };
}

/** Between the two nearest values in proportion; NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = q * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}
