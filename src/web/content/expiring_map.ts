/** A bounded memory of answers, each good for a while. Concurrent questions share one fetch. */

export interface ExpiringMap<V> {
  /** Undefined when nothing fresh is known. */
  get(key: string): V | undefined;
  /** The same, with the time up to which it is known. */
  lease(key: string): Lease<V> | undefined;
  /** What was known last, however old, if there was room to keep it. */
  last(key: string): V | undefined;
  set(key: string, value: V, ttlMs: number): void;
  delete(key: string): void;
  /** The fresh value, or that of the fetch under way, or a new one. A fetch that fails is not remembered. `onShared` tells that somebody else's was waited for. */
  getOrFetch(key: string, ttlMs: number, fetch: () => Promise<V>, onShared?: () => void): Promise<V>;
}

/** A value that may be kept at hand, instead of being asked for each time, as long as `now() < expiresAt`. */
export interface Lease<V> {
  readonly value: V;
  /** Of the map's clock; -Infinity as soon as the map knows something else, or nothing. */
  readonly expiresAt: number;
}

interface Fetch<V> {
  readonly answer: Promise<V>;
  readonly askedAt: number;
}

/** Also where nothing is to be remembered, questions of one moment become one. */
const SHARED_MIN_MS = 250;

interface Entry<V> extends Lease<V> {
  readonly weight: number;
  expiresAt: number;
}

/** `capacity` bounds the sum of the weights; what was written longest ago is forgotten first. */
export function createExpiringMap<V>(
  capacity: number,
  weightOf: (value: V) => number,
  now: () => number = () => performance.now(),
): ExpiringMap<V> {
  const entries = new Map<string, Entry<V>>();
  const fetching = new Map<string, Fetch<V>>();
  let weight = 0;

  function remove(key: string): void {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    entry.expiresAt = -Infinity;
    weight -= entry.weight;
  }

  function lease(key: string): Lease<V> | undefined {
    const entry = entries.get(key);
    return entry !== undefined && now() < entry.expiresAt ? entry : undefined;
  }

  function get(key: string): V | undefined {
    return lease(key)?.value;
  }

  function set(key: string, value: V, ttlMs: number): void {
    remove(key);
    if (ttlMs <= 0) return;
    const entry = { value, weight: weightOf(value), expiresAt: now() + ttlMs };
    entries.set(key, entry);
    weight += entry.weight;
    for (const oldest of entries.keys()) {
      if (weight <= capacity) break;
      remove(oldest);
    }
  }

  return {
    get,
    lease,
    last: (key) => entries.get(key)?.value,
    set,
    delete(key) {
      remove(key);
      // Who asks from now on must not get an answer that was asked for before.
      fetching.delete(key);
    },
    getOrFetch(key, ttlMs, fetch, onShared) {
      const known = get(key);
      if (known !== undefined) return Promise.resolve(known);
      // An answer is as old as its question: from a server that hangs it may be older than what may be remembered.
      const askedAt = now();
      const underway = fetching.get(key);
      if (underway !== undefined && askedAt - underway.askedAt <= Math.max(ttlMs, SHARED_MIN_MS)) {
        onShared?.();
        return underway.answer;
      }
      const fetched = fetch().then(
        (value) => {
          if (fetching.get(key)?.answer === fetched) {
            fetching.delete(key);
            set(key, value, ttlMs - (now() - askedAt));
          }
          return value;
        },
        (error: unknown) => {
          if (fetching.get(key)?.answer === fetched) fetching.delete(key);
          throw error;
        },
      );
      fetching.set(key, { answer: fetched, askedAt });
      return fetched;
    },
  };
}
