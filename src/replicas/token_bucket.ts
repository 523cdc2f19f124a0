/** Bounds extra load: a few at once, then a fraction of what succeeds. */

export interface TokenBucket {
  /** Takes a token; false when there is none. */
  take(): boolean;
  /** One success more. */
  give(): void;
}

/** A hang that begins is met by so many hedged requests at once … */
const CAPACITY = 10;
/** … and in the long run hedging adds no more than a tenth to the load. */
const PER_SUCCESS = 0.1;

export function createTokenBucket(capacity = CAPACITY, perSuccess = PER_SUCCESS): TokenBucket {
  let tokens = capacity;
  return {
    take() {
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
    give() {
      tokens = Math.min(capacity, tokens + perSuccess);
    },
  };
}
