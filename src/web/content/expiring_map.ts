/** A bounded memory of answers, each good for a while. Concurrent questions share one fetch. */

export interface ExpiringMap<V> {
  /** Undefined when nothing fresh is known. */
  get(key: string): V | undefined;
  set(key: string, value: V, ttlMs: number): void;
  delete(key: string): void;
  /** The fresh value, or that of the fetch under way, or a new one. A fetch that fails is not remembered. `onShared` tells that somebody else's was waited for. */
  getOrFetch(key: string, ttlMs: number, fetch: () => Promise<V>, onShared?: () => void): Promise<V>;
}

interface Fetch<V> {
  readonly answer: Promise<V>;
  readonly askedAt: number;
}

/** Also where nothing is to be remembered, questions of one moment become one. */
const SHARED_MIN_MS = 250;

interface Entry<V> {
  readonly value: V;
  readonly weight: number;
  readonly expiresAt: number;
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
    weight -= entry.weight;
  }

  function get(key: string): V | undefined {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    if (now() < entry.expiresAt) return entry.value;
    remove(key);
    return undefined;
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
