/** At most so many at a time, the others wait in the order they came. */
export interface Semaphore {
  run<T>(task: () => Promise<T>): Promise<T>;
}

export function createSemaphore(limit: number): Semaphore {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    async run(task) {
      if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
      else running++;
      try {
        return await task();
      } finally {
        // The place goes on to the next in line, or becomes free.
        const next = waiting.shift();
        if (next === undefined) running--;
        else next();
      }
    },
  };
}

/** Runs `task` for every item, at most `limit` at a time; ends when all have ended, with the first error, if any. */
export async function forEachParallel<T>(
  items: Iterable<T>,
  limit: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const results = await Promise.allSettled(Array.from({ length: limit }, worker));
  for (const result of results) {
    if (result.status === "rejected") throw result.reason;
  }

  async function worker(): Promise<void> {
    while (!failed) {
      const next = iterator.next();
      if (next.done === true) return;
      try {
        await task(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  }
}
