import { pause } from "./retrying_store.ts";

/** Keeps reads to a number of bytes a second, for all targets together; null: no limit. After the signal nothing is held up. */
export function createThrottle(bytesPerSecond: number | null, signal: AbortSignal): (bytes: number) => Promise<void> {
  if (bytesPerSecond === null) return () => Promise.resolve();
  let freeAtMs = 0;
  return async (bytes) => {
    const now = performance.now();
    const startMs = Math.max(now, freeAtMs);
    freeAtMs = startMs + (bytes / bytesPerSecond) * 1000;
    if (startMs > now) await pause(startMs - now, signal);
  };
}
