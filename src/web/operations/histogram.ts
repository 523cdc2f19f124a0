/** A histogram of durations that costs a few comparisons to feed. */

export interface HistogramSnapshot {
  /** Upper bounds, ascending, the last one not included in what has no bound. */
  readonly bounds: readonly number[];
  /** Observations in each bucket (not cumulative); one more than bounds, the last for what exceeds them all. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

export interface Histogram {
  observe(value: number): void;
  snapshot(): HistogramSnapshot;
}

/** Seconds: from what the cache answers to the deadline of a request. */
const latencyBoundsSeconds: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25,
];

export function createHistogram(bounds: readonly number[] = latencyBoundsSeconds): Histogram {
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;
  let count = 0;
  return {
    observe(value) {
      let index = 0;
      while (index < bounds.length && value > bounds[index]!) index++;
      counts[index]!++;
      sum += value;
      count++;
    },
    snapshot: () => ({ bounds, counts: [...counts], sum, count }),
  };
}

/**
 * The value below which the fraction `q` of the observations lies, between the bounds of its bucket in proportion. Null
 * without observations; the last bound for what lies beyond it.
 */
export function quantile({ bounds, counts, count }: HistogramSnapshot, q: number): number | null {
  if (count === 0) return null;
  let rank = q * count;
  for (const [index, bound] of bounds.entries()) {
    const inBucket = counts[index]!;
    if (rank <= inBucket && inBucket > 0) {
      const lower = index === 0 ? 0 : bounds[index - 1]!;
      return lower + (bound - lower) * (rank / inBucket);
    }
    rank -= inBucket;
  }
  return bounds.at(-1) ?? null;
}
