/** Chance that repeats itself: the same seed gives the same numbers, uniform in [0, 1). (mulberry32) */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Waiting times between events that know nothing of one another. */
export function exponential(random: () => number, mean: number): number {
  return -mean * Math.log(1 - random());
}
