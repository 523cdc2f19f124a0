/** Chance that can be repeated: the same seed gives the same numbers. */
export interface SeededRandom {
  readonly seed: number;
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number from min to max, both included. */
  int(min: number, max: number): number;
  chance(probability: number): boolean;
  /** One of the items, which must not be none. */
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Buffer;
}

/** Mulberry32: small, and good enough to choose tests by. */
export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;

  function bits(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  const next = () => bits() / 4_294_967_296;
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    seed,
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (items) => items[int(0, items.length - 1)]!,
    bytes: (length) => Buffer.from(Uint8Array.from({ length }, () => bits() & 0xff)),
  };
}

/** The seed that a variable of the environment names, else a new one. */
export function seedFrom(variable: string): number {
  const text = process.env[variable];
  if (text === undefined || text === "") return Math.floor(Math.random() * 2 ** 31);
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${variable} "${text}" is no seed: a whole number`);
  return Number(text);
}
