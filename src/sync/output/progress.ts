/** How far a run is: one live line on a terminal, else a plain line every few seconds. */
import { formatBytes, formatRate, formatSeconds } from "./format.ts";
import type { Counts } from "./report.ts";

export interface Progress {
  /** A replica whose run begins; the first after end() begins a cycle. */
  watch(replica: string, counts: Readonly<Counts>): void;
  /** Before anything else is written to the terminal. */
  clear(): void;
  /** The cycle is over: nothing is shown until the next begins. */
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

interface Watched {
  readonly replica: string;
  readonly counts: Readonly<Counts>;
}

export function createProgress(stream: ProgressStream): Progress {
  const isLive = stream.isTTY === true;
  let began = 0;
  let timer: Timer | undefined;
  let watched: Watched[] = [];
  let isShown = false;

  function show(): void {
    const seconds = (performance.now() - began) / 1000;
    if (!isLive) {
      for (const { replica, counts } of watched) stream.write(`${formatProgress(replica, counts, seconds)}\n`);
      return;
    }
    stream.write(`\r\x1b[K${formatLiveLine(watched, seconds, stream.columns ?? DEFAULT_COLUMNS)}`);
    isShown = true;
  }

  function clear(): void {
    if (isShown) stream.write("\r\x1b[K");
    isShown = false;
  }

  return {
    watch(replica, counts) {
      if (timer === undefined) {
        began = performance.now();
        timer = setInterval(show, isLive ? LIVE_MS : PLAIN_MS);
        timer.unref();
      }
      watched.push({ replica, counts });
    },
    clear,
    end() {
      clearInterval(timer);
      timer = undefined;
      clear();
      if (!isLive) show();
      watched = [];
    },
  };
}

/** All replicas in one line, in few words where the terminal is narrow: a longer line would leave remains behind. */
export function formatLiveLine(watched: readonly Watched[], seconds: number, columns: number): string {
  const room = columns - 1;
  const whole = watched.map(({ replica, counts }) => formatProgress(replica, counts, seconds)).join("  |  ");
  if (whole.length <= room) return whole;
  return watched
    .map(({ replica, counts }) => {
      const { planned, left } = howFar(counts, seconds);
      const percent = planned === 0 ? "0" : Math.floor((Math.min(counts.bytes, planned) / planned) * 100);
      return `${replica} ${percent}% ${left}`;
    })
    .join(" | ")
    .slice(0, room);
}

/** `hostB:9094: 12/40 files, 3.0 MiB of 9.1 MiB, 1.2 MiB/s, 0:05 left`. The whole grows while directories are still being listed. */
export function formatProgress(replica: string, counts: Readonly<Counts>, seconds: number): string {
  const { planned, rate, left } = howFar(counts, seconds);
  const files = `${counts.copied + counts.updated}/${counts.plannedFiles} files`;
  const bytes = `${formatBytes(counts.bytes)} of ${formatBytes(planned)}`;
  return `${replica}: ${files}, ${bytes}, ${formatRate(rate)}, ${left} left`;
}

function howFar(counts: Readonly<Counts>, seconds: number): { planned: number; rate: number; left: string } {
  const rate = counts.bytes / Math.max(seconds, 0.001);
  const planned = counts.plannedBytes;
  return { planned, rate, left: rate > 0 ? formatSeconds((planned - counts.bytes) / rate) : "?" };
}
