/** Takes the snapshot that the status page and /status.json show. */
import { displayName } from "../../errors.ts";
import { quantile } from "./histogram.ts";
import type { MetricSources } from "./metric_families.ts";
import type { ConnectionStatus, DifferenceStatus, ServerStatus, StatusSnapshot } from "../pages/status_snapshot.ts";
import type { Member } from "../../replicas/pool.ts";

export interface SnapshotSources extends MetricSources {
  readonly root: string;
  readonly cacheLimitBytes: number;
  readonly bufferLimitBytes: number;
  readonly serveStaleSeconds: number;
  readonly differences: DifferenceStatus | null;
}

/** Over how many of the last seconds "requests a second" is taken. */
const RATE_SECONDS = 5;

export function takeSnapshot(sources: SnapshotSources): StatusSnapshot {
  const { pool, statistics, cache } = sources;
  const history = statistics.history();
  const recent = history.slice(-RATE_SECONDS);
  const latency = statistics.latencySeconds.snapshot();
  const wallClock = Date.now() - performance.now();
  return {
    nowMs: Date.now(),
    startedAtMs: statistics.startedAtMs,
    root: displayName(sources.root),
    servers: pool.members.map((member) => serverStatus(member, wallClock)),
    serveStaleSeconds: sources.serveStaleSeconds,
    requests: statistics.requests,
    requestsPerSecond: recent.length === 0 ? 0 : recent.reduce((sum, count) => sum + count, 0) / recent.length,
    requestHistory: history,
    p50Ms: milliseconds(quantile(latency, 0.5)),
    p99Ms: milliseconds(quantile(latency, 0.99)),
    inFlight: sources.unfinishedRequests,
    connections: connectionStatus(sources.connections),
    queue: { waiting: pool.members.reduce((sum, { lane }) => sum + lane.waiting, 0), limit: pool.queueLimit },
    memory: {
      residentBytes: process.memoryUsage.rss(),
      bufferedBytes: sources.bufferedBytes,
      bufferLimitBytes: sources.bufferLimitBytes,
      openStreams: sources.openStreams,
    },
    unavailable: statistics.unavailable,
    resets: statistics.resets,
    switches: statistics.switches,
    hedgesWon: pool.members.reduce((sum, { hedgesWon }) => sum + hedgesWon, 0),
    hedges: statistics.hedges,
    cache:
      sources.cacheLimitBytes === 0
        ? null
        : {
            entries: cache.entries,
            bytes: cache.bytes,
            limitBytes: sources.cacheLimitBytes,
            hits: cache.hits,
            misses: cache.misses,
            coalesced: cache.coalesced,
          },
    differences: sources.differences,
  };
}

function serverStatus({ replica, lane, latency, requests }: Member, wallClock: number): ServerStatus {
  const { lastFailure, failures } = replica;
  const p50 = latency.quantile(0.5);
  return {
    name: replica.server,
    state: replica.state,
    sinceMs: wallClock + replica.since,
    lastError: lastFailure && { message: lastFailure.message, atMs: wallClock + lastFailure.at },
    inFlight: lane.running,
    requests,
    failures: Object.values(failures).reduce((sum, count) => sum + count, 0),
    ejections: replica.ejections,
    p50Ms: p50 === 0 ? null : p50,
    p99Ms: p50 === 0 ? null : latency.quantile(0.99),
  };
}

function connectionStatus({ open, limit, cut }: SnapshotSources["connections"]): ConnectionStatus {
  return { open, limit, slowRequests: cut.slow_request, tooMany: cut.limit + cut.client_limit };
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}
