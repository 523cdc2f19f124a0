/** What /metrics tells, from the same numbers as the status page. */
import type { Pool } from "../../replicas/pool.ts";
import type { ReplicaState } from "../../replicas/replicas.ts";
import { version } from "../../version.ts";
import type { CompressorCounters } from "../content/compressor.ts";
import type { CacheCounters } from "../content/content_cache.ts";
import type { ConnectionCounters } from "../front/connection_guard.ts";
import type { MetricFamily } from "./prometheus_text.ts";
import type { Statistics } from "./statistics.ts";

export interface MetricSources {
  readonly pool: Pool;
  readonly statistics: Statistics;
  readonly cache: Readonly<CacheCounters>;
  /** Null without --compress. */
  readonly compressor: Readonly<CompressorCounters> | null;
  readonly unfinishedRequests: number;
  readonly connections: ConnectionCounters;
  readonly bufferedBytes: number;
  readonly openStreams: number;
  readonly droppedLogLines: number;
}

const STATES: readonly ReplicaState[] = ["well", "suspect", "ejected", "trial"];

export function metricFamilies(sources: MetricSources): MetricFamily[] {
  return [
    ...requestFamilies(sources),
    ...serverFamilies(sources.pool),
    ...cacheFamilies(sources.cache),
    ...compressorFamilies(sources.compressor),
  ];
}

function requestFamilies(sources: MetricSources): MetricFamily[] {
  const { statistics } = sources;
  const byStatus = [...statistics.requestsByStatus].map(([status, value]) => ({
    labels: { status: String(status) },
    value,
  }));
  const byCacheUse = [...statistics.requestsByCacheUse].map(([cache, value]) => ({ labels: { cache }, value }));
  return [
    counterOf("chirp_site_requests_total", "Requests answered, by status.", byStatus),
    counterOf("chirp_site_requests_by_cache_total", "Requests for a server's file, by what memory did.", byCacheUse),
    {
      type: "histogram",
      name: "chirp_site_response_seconds",
      help: "Time until a response was ready to be sent.",
      samples: [{ histogram: statistics.latencySeconds.snapshot() }],
    },
    counter("chirp_site_response_bytes_total", "Bytes of bodies.", statistics.bytes),
    counter("chirp_site_resets_total", "Connections reset since nobody could continue a body.", statistics.resets),
    counter("chirp_site_switches_total", "Bodies that went on from another server.", statistics.switches),
    counter("chirp_site_hedges_total", "Requests for which a second server was asked as well.", statistics.hedges),
    counter("chirp_site_retried_total", "Requests for which more than one server was asked.", statistics.retried),
    gauge("chirp_site_connections", "Connections of clients.", sources.connections.open),
    gauge("chirp_site_connections_limit", "Connections that there may be at a time.", sources.connections.limit),
    counterOf(
      "chirp_site_connections_cut_total",
      "Connections ended by us, by reason.",
      Object.entries(sources.connections.cut).map(([reason, value]) => ({ labels: { reason }, value })),
    ),
    gauge("chirp_site_unfinished_requests", "Requests not yet answered completely.", sources.unfinishedRequests),
    gauge("chirp_site_open_streams", "Large bodies being streamed.", sources.openStreams),
    gauge("chirp_site_buffered_bytes", "Memory of bodies buffered for their Content-Length.", sources.bufferedBytes),
    counter("chirp_site_dropped_log_lines_total", "Access log lines that nobody read.", sources.droppedLogLines),
    gauge("chirp_site_resident_bytes", "Resident memory of the process.", process.memoryUsage.rss()),
    {
      type: "gauge",
      name: "chirp_site_build_info",
      help: "Always 1; the label tells the version.",
      samples: [{ labels: { version }, value: 1 }],
    },
  ];
}

function serverFamilies({ members }: Pool): MetricFamily[] {
  const each = (value: (member: Pool["members"][number]) => number) =>
    members.map((member) => ({ labels: { server: member.replica.server }, value: value(member) }));
  return [
    gaugeOf(
      "chirp_site_server_state",
      "1 for the state that a server is in.",
      members.flatMap(({ replica }) =>
        STATES.map((state) => ({
          labels: { server: replica.server, state },
          value: replica.state === state ? 1 : 0,
        })),
      ),
    ),
    counterOf(
      "chirp_site_server_requests_total",
      "Answers of a server.",
      each(({ requests }) => requests),
    ),
    counterOf(
      "chirp_site_server_rpcs_total",
      "Chirp RPCs sent to a server.",
      each(({ lane }) => lane.rpcs),
    ),
    gaugeOf(
      "chirp_site_server_running",
      "Calls that a server is working on.",
      each(({ lane }) => lane.running),
    ),
    gaugeOf(
      "chirp_site_server_waiting",
      "Calls that wait for a worker.",
      each(({ lane }) => lane.waiting),
    ),
    counterOf(
      "chirp_site_server_failures_total",
      "Failures of a server, by cause.",
      members.flatMap(({ replica }) =>
        Object.entries(replica.failures).map(([cause, value]) => ({
          labels: { server: replica.server, cause },
          value,
        })),
      ),
    ),
    counterOf(
      "chirp_site_server_ejections_total",
      "How often a server was ejected.",
      each(({ replica }) => replica.ejections),
    ),
    counterOf(
      "chirp_site_server_hedges_won_total",
      "Answers as the second one asked.",
      each(({ hedgesWon }) => hedgesWon),
    ),
    counterOf(
      "chirp_site_server_hedges_lost_total",
      "Answers that came too late.",
      each(({ hedgesLost }) => hedgesLost),
    ),
  ];
}

function cacheFamilies(cache: Readonly<CacheCounters>): MetricFamily[] {
  return [
    counter("chirp_site_cache_hits_total", "Contents found in memory.", cache.hits),
    counter("chirp_site_cache_misses_total", "Contents read from a server.", cache.misses),
    counter("chirp_site_cache_coalesced_total", "Contents that another request was reading.", cache.coalesced),
    gauge("chirp_site_cache_bytes", "Contents in memory.", cache.bytes),
    gauge("chirp_site_cache_entries", "Different contents in memory.", cache.entries),
  ];
}

function compressorFamilies(counters: MetricSources["compressor"]): MetricFamily[] {
  if (counters === null) return [];
  return [
    counter("chirp_site_compressed_total", "Contents compressed by --compress.", counters.compressed),
    counter("chirp_site_compress_skipped_total", "Sent as they are, being too many at a time.", counters.skipped),
    gauge("chirp_site_compressed_bytes", "Compressed contents in memory.", counters.bytes),
  ];
}

type Samples = (MetricFamily & { type: "counter" | "gauge" })["samples"];

function counterOf(name: string, help: string, samples: Samples): MetricFamily {
  return { type: "counter", name, help, samples };
}

function gaugeOf(name: string, help: string, samples: Samples): MetricFamily {
  return { type: "gauge", name, help, samples };
}

function counter(name: string, help: string, value: number): MetricFamily {
  return counterOf(name, help, [{ value }]);
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return gaugeOf(name, help, [{ value }]);
}
