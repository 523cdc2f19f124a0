/** How far a run is: one live line on a terminal, else a plain line every few seconds. */
import { formatBytes, formatRate, formatSeconds } from "./format.ts";
import type { Counts } from "./report.ts";

export interface Progress {
  /** The first replica of a cycle begins it. */
  watch(replica: string, counts: Readonly<Counts>): void;
  /** Before anything else is written to the terminal. */
  clear(): void;
  /** The end of a cycle: nothing is told until the next one begins. */
  end(): void;
}

export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const LIVE_MS = 200;
const PLAIN_MS = 5000;
const DEFAULT_COLUMNS = 80;

export function createProgress(stream: ProgressStream): Progress {
  const isLive = stream.isTTY === true;
  const replicas = new Map<string, Readonly<Counts>>();
  let began = 0;
  let timer: Timer | undefined;
  let isShown = false;

  function show(): void {
    const seconds = (performance.now() - began) / 1000;
    const lines = [...replicas].map(([replica, counts]) => formatProgress(replica, counts, seconds));
    if (!isLive) {
      for (const line of lines) stream.write(`${line}\n`);
      return;
    }
    // A line longer than the terminal would leave remains behind.
    const text = lines.join("  |  ").slice(0, (stream.columns ?? DEFAULT_COLUMNS) - 1);
    stream.write(`\r\x1b[K${text}`);
    isShown = true;
  }

  function clear(): void {
    if (isShown) stream.write("\r\x1b[K");
    isShown = false;
  }

  return {
    watch(replica, counts) {
      replicas.set(replica, counts);
      if (timer !== undefined) return;
      began = performance.now();
      timer = setInterval(show, isLive ? LIVE_MS : PLAIN_MS);
      timer.unref();
    },
    clear,
    end() {
      clear();
      clearInterval(timer);
      timer = undefined;
      if (!isLive) show();
      replicas.clear();
    },
  };
}

/** `hostB:9094: 12/40 files, 3.0 MiB of 9.1 MiB, 1.2 MiB/s, 0:05 left`. The whole grows while directories are still being listed. */
export function formatProgress(replica: string, counts: Readonly<Counts>, seconds: number): string {
  const rate = counts.bytes / Math.max(seconds, 0.001);
  const left = rate > 0 ? formatSeconds((counts.plannedBytes - counts.bytes) / rate) : "?";
  const files = `${counts.copied + counts.updated}/${counts.plannedFiles} files`;
  const bytes = `${formatBytes(counts.bytes)} of ${formatBytes(counts.plannedBytes)}`;
  return `${replica}: ${files}, ${bytes}, ${formatRate(rate)}, ${left} left`;
}
