/** Counts what the web server does, for the metrics and the status page. */
import { createHistogram, type Histogram } from "./histogram.ts";
import type { Outcome } from "../site/site.ts";
import type { CacheUse } from "../content/trace.ts";
import { wallClockMs } from "../wall_clock.ts";

export interface Statistics {
  readonly startedAtMs: number;
  readonly requestsByStatus: ReadonlyMap<number, number>;
  /** Requests for a server's file, by what memory did for them. */
  readonly requestsByCacheUse: ReadonlyMap<CacheUse, number>;
  readonly latencySeconds: Histogram;
  readonly requests: number;
  readonly bytes: number;
  /** Connections reset in the middle of a body. */
  readonly resets: number;
  readonly unavailable: number;
  /** Bodies that went on from another server. */
  readonly switches: number;
  /** Requests for which a second server was asked as well. */
  readonly hedges: number;
  /** Requests that another server answered after one had failed or had nothing. */
  readonly retried: number;
  record(outcome: Outcome): void;
  /** Requests in each of the last seconds, oldest first, the current one left out; at most 60. */
  history(): readonly number[];
}

const HISTORY_SECONDS = 60;

export function createStatistics(): Statistics {
  const requestsByStatus = new Map<number, number>();
  const requestsByCacheUse = new Map<CacheUse, number>();
  const latencySeconds = createHistogram();
  const startedAtMs = wallClockMs();
  const perSecond = new Float64Array(HISTORY_SECONDS + 1);
  let second = Math.floor(startedAtMs / 1000);
  const totals = { requests: 0, bytes: 0, resets: 0, unavailable: 0, switches: 0, hedges: 0, retried: 0 };

  /** Empties the seconds that have passed without a request. `at`: performance.now(). */
  function advance(at: number): void {
    const now = Math.floor(wallClockMs(at) / 1000);
    const passed = Math.min(now - second, perSecond.length);
    for (let step = 1; step <= passed; step++) perSecond[(second + step) % perSecond.length] = 0;
    second = Math.max(second, now);
  }

  return {
    startedAtMs,
    requestsByStatus,
    requestsByCacheUse,
    latencySeconds,
    get requests() {
      return totals.requests;
    },
    get bytes() {
      return totals.bytes;
    },
    get resets() {
      return totals.resets;
    },
    get unavailable() {
      return totals.unavailable;
    },
    get switches() {
      return totals.switches;
    },
    get hedges() {
      return totals.hedges;
    },
    get retried() {
      return totals.retried;
    },
    record({ status, bytes, startedAt, durationMs, ttfbMs, trace, cache, error }) {
      advance(startedAt + durationMs);
      perSecond[second % perSecond.length]!++;
      requestsByStatus.set(status, (requestsByStatus.get(status) ?? 0) + 1);
      if (cache !== null) requestsByCacheUse.set(cache, (requestsByCacheUse.get(cache) ?? 0) + 1);
      latencySeconds.observe(ttfbMs / 1000);
      totals.requests++;
      totals.bytes += bytes;
      if (error !== null) totals.resets++;
      if (status === 503) totals.unavailable++;
      totals.switches += trace.switches;
      if (trace.hedged) totals.hedges++;
      if (trace.tries > 1) totals.retried++;
    },
    history() {
      advance(performance.now());
      const first = Math.max(Math.floor(startedAtMs / 1000), second - HISTORY_SECONDS);
      return Array.from({ length: second - first }, (_, index) => perSecond[(first + index) % perSecond.length]!);
    },
  };
}
