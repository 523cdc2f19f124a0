/** Clients that ask again and again, and remember what they were told and how long it took. */

export interface Reply {
  /** 0: no whole response came (refused, reset, cut short). */
  readonly status: number;
  readonly body: string;
  /** X-Served-By. */
  readonly server: string | null;
  readonly ms: number;
  /** performance.now() when it was asked. */
  readonly at: number;
  readonly path: string;
  /** Why no response came. */
  readonly error?: string;
}

/** A client must not wait for ever, whatever the server does; far above every promise. */
const LIMIT_MS = 30_000;

export async function get(port: number, path: string): Promise<Reply> {
  const at = performance.now();
  const served = (response: Response) => response.headers.get("x-served-by");
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      redirect: "manual",
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const body = Buffer.from(await response.arrayBuffer()).toString("latin1");
    return { status: response.status, body, server: served(response), ms: performance.now() - at, at, path };
  } catch (error) {
    return { status: 0, body: "", server: null, ms: performance.now() - at, at, path, error: String(error) };
  }
}

export interface Load {
  /** Replies so far. */
  readonly replies: readonly Reply[];
  /** Resolves when so many replies are there. */
  reached(count: number): Promise<void>;
  /** Lets each client finish its request, and gives all replies. */
  stop(): Promise<readonly Reply[]>;
  /** Resolves when `count` requests were answered. */
  readonly done: Promise<readonly Reply[]>;
}

export interface LoadOptions {
  readonly port: number;
  readonly clients: number;
  /** Requests in all. Default: until stop(). */
  readonly count?: number;
  /** What the n-th request asks for. */
  readonly path: (n: number) => string;
  /** Milliseconds that a client rests between two requests, so that the machine is not the limit. */
  readonly restMs?: number;
}

export function startLoad({ port, clients, count = Infinity, path, restMs = 0 }: LoadOptions): Load {
  const replies: Reply[] = [];
  const waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();
  let next = 0;
  let isStopped = false;

  async function client(): Promise<void> {
    while (!isStopped && next < count) {
      replies.push(await get(port, path(next++)));
      for (const waiter of waiting) {
        if (replies.length < waiter.count) continue;
        waiting.delete(waiter);
        waiter.resolve();
      }
      if (restMs > 0) await Bun.sleep(restMs);
    }
  }

  const done = Promise.all(Array.from({ length: clients }, client)).then(() => replies);
  return {
    replies,
    done,
    async reached(wanted) {
      if (replies.length >= wanted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add({ count: wanted, resolve });
      await Promise.race([promise, done]);
    },
    async stop() {
      isStopped = true;
      return await done;
    },
  };
}

/** Replies that are not the right contents of a path, as one line each for the test's message; at most ten. */
export function wrong(replies: readonly Reply[], contents: (path: string) => string): string[] {
  return replies
    .filter(({ status, body, path }) => status !== 200 || body !== contents(path))
    .slice(0, 10)
    .map(({ status, path, ms, server, body, error }) => {
      const what = error === undefined ? JSON.stringify(body.slice(0, 60)) : error;
      return `${path}: ${status} from ${server} after ${Math.round(ms)} ms: ${what}`;
    });
}

/** The q-quantile of the replies' latencies in milliseconds. */
export function latency(replies: readonly Reply[], q: number): number {
  const sorted = replies.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

export function countBy<T>(items: readonly T[], key: (item: T) => string | null): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item) ?? "none"] = (counts[key(item) ?? "none"] ?? 0) + 1;
  return counts;
}

/** Asks until the reply is as wanted; fails after limitMs. Gives the milliseconds that it took. */
export async function until(
  what: string,
  limitMs: number,
  isThere: () => boolean | Promise<boolean>,
  pollMs = 20,
): Promise<number> {
  const start = performance.now();
  while (!(await isThere())) {
    if (performance.now() - start > limitMs) throw new Error(`${what}: not within ${limitMs} ms`);
    await Bun.sleep(pollMs);
  }
  return performance.now() - start;
}
