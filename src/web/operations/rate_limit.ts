/** A token bucket for each client. */

/** Whether this client may go on. */
export type RateLimit = (client: string) => boolean;

/** Clients remembered; those that came first are forgotten first, which gives them a fresh bucket. */
const CLIENTS_MAX = 100_000;
const BURST = 2;

interface Bucket {
  tokens: number;
  at: number;
}

/** `now` in milliseconds. */
export function createRateLimit(perSecond: number, now: () => number = () => performance.now()): RateLimit {
  const buckets = new Map<string, Bucket>();
  return (client) => {
    const time = now();
    let bucket = buckets.get(client);
    if (bucket === undefined) {
      bucket = { tokens: perSecond * BURST, at: time };
      buckets.set(client, bucket);
      if (buckets.size > CLIENTS_MAX) buckets.delete(buckets.keys().next().value!);
    }
    bucket.tokens = Math.min(perSecond * BURST, bucket.tokens + ((time - bucket.at) / 1000) * perSecond);
    bucket.at = time;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  };
}
