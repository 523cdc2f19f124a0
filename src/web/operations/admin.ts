/** The admin listener: status page, /status.json, /metrics, /healthz, /readyz. */
import { compareReplicas } from "./compare_replicas.ts";
import { metricFamilies, type MetricSources } from "./metric_families.ts";
import { prometheusContentType, prometheusText } from "./prometheus_text.ts";
import { takeSnapshot } from "./snapshot.ts";
import { compareQuery, statusPage, statusPageHeaders } from "../pages/status_page.ts";
import type { DifferenceStatus, StatusSnapshot } from "../pages/status_snapshot.ts";
import { formatHttpDate } from "../http/http_date.ts";
import { parseRequestPath, type RequestPath } from "../http/request_path.ts";

export interface Admin {
  readonly url: string;
  stop(): Promise<void>;
}

type Momentary = "unfinishedRequests" | "bufferedBytes" | "openStreams" | "droppedLogLines";

export type AdminSources = Omit<MetricSources, Momentary> & { readonly [Name in Momentary]: () => number } & {
  readonly root: string;
  readonly cacheLimitBytes: number;
  readonly bufferLimitBytes: number;
  readonly serveStaleSeconds: number;
  readonly onUnexpected: (error: unknown) => void;
};

/** A comparison walks the whole site on every server: whoever asks again sooner sees the last one. */
const COMPARE_EVERY_MS = 2_000;
/** Of a path that is looked at; ours are shorter. */
const PATH_MAX = 64;
const noStore = { "Cache-Control": "no-store" };

export function startAdmin(listen: { readonly host: string; readonly port: number }, sources: AdminSources): Admin {
  let differences: DifferenceStatus | null = null;
  let comparing: Promise<void> | undefined;

  /** One at a time, shared by all who ask. */
  function compare(): Promise<void> {
    if (differences !== null && Date.now() - differences.atMs < COMPARE_EVERY_MS) return Promise.resolve();
    comparing ??= compareReplicas(sources.pool, sources.root)
      .then((result) => void (differences = result))
      .finally(() => (comparing = undefined));
    return comparing;
  }

  function now(): MetricSources {
    return {
      ...sources,
      unfinishedRequests: sources.unfinishedRequests(),
      bufferedBytes: sources.bufferedBytes(),
      openStreams: sources.openStreams(),
      droppedLogLines: sources.droppedLogLines(),
    };
  }

  function snapshot(): StatusSnapshot {
    const { root, cacheLimitBytes, bufferLimitBytes, serveStaleSeconds } = sources;
    return takeSnapshot({ ...now(), root, cacheLimitBytes, bufferLimitBytes, serveStaleSeconds, differences });
  }

  async function answer({ method, url }: Request): Promise<Response> {
    if (method !== "GET" && method !== "HEAD") return text("method not allowed\n", 405, { Allow: "GET, HEAD" });
    // Also without a Host, as health checks in HTTP/1.0 come: then the URL is the target alone.
    const target = parseRequestPath(url, PATH_MAX);
    switch (target.kind === "path" ? target.path : "") {
      case "/":
        if (asksToCompare(target)) {
          await compare();
          // So that a page that refreshes itself does not compare each time.
          return new Response(null, { status: 303, headers: { Location: "/", ...noStore } });
        }
        return new Response(statusPage(snapshot()), { headers: statusPageHeaders });
      case "/status.json":
        if (asksToCompare(target)) await compare();
        return Response.json(snapshot(), { headers: noStore });
      case "/metrics":
        return text(prometheusText(metricFamilies(now())), 200, { "Content-Type": prometheusContentType });
      case "/healthz":
        return text("ok\n", 200);
      case "/readyz":
        return sources.pool.replicas.isReady
          ? text("ready\n", 200)
          : text("no server is well\n", 503, { "Retry-After": "2" });
      default:
        return text("not found\n", 404);
    }
  }

  const server = Bun.serve({
    hostname: listen.host,
    port: listen.port,
    development: false,
    idleTimeout: 120,
    async fetch(request) {
      const response = await answer(request);
      if (request.method !== "HEAD") return response;
      response.headers.set("Date", formatHttpDate(Math.floor(Date.now() / 1000)));
      return new Response(null, { status: response.status, headers: response.headers });
    },
    error(error) {
      sources.onUnexpected(error);
      return text("internal error\n", 500);
    },
  });

  return {
    url: server.url.href.replace(/\/$/, ""),
    stop: () => server.stop(true),
  };
}

function asksToCompare(target: RequestPath): boolean {
  return target.kind === "path" && target.query === compareQuery;
}

function text(body: string, status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(body, {
    status,
    headers: { "Content-Type": "text/plain; charset=utf-8", ...noStore, ...headers },
  });
}
