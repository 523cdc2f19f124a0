/** The site with what surrounds every request: the rate limit, the counters, the access log. */
import { createAccessLogLine, type AccessLogFormat, type AccessRecord } from "./access_log.ts";
import { clientAddress, networkOf } from "../http/client_address.ts";
import type { Visitor } from "../front/front.ts";
import { formatHttpDate } from "../http/http_date.ts";
import type { LogWriter } from "./log_writer.ts";
import { errorPage, type ErrorStatus } from "../pages/pages.ts";
import type { RateLimit } from "./rate_limit.ts";
import type { Outcome, Site, SiteRequest } from "../site/site.ts";
import type { Statistics } from "./statistics.ts";
import { newTrace } from "../content/trace.ts";
import { wallClockMs } from "../wall_clock.ts";

export interface LoggedSiteOptions {
  readonly site: Site;
  readonly statistics: Statistics;
  readonly accessLog: AccessLogFormat | "off";
  readonly writer: LogWriter;
  /** Null: none. */
  readonly rateLimit: RateLimit | null;
  /** Addresses of reverse proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: ReadonlySet<string>;
  /** Told of connections that had to be reset in the middle of a body. */
  readonly onReset: (target: string, error: Error) => void;
}

export interface LoggedSite {
  answer(visitor: Visitor): Response | Promise<Response>;
  /** An answer that needs no look at the site. */
  refuse(visitor: Visitor, status: ErrorStatus): Response;
}

export function createLoggedSite(options: LoggedSiteOptions): LoggedSite {
  const { site, statistics, writer, rateLimit, trustedProxies, onReset } = options;
  const logLine = options.accessLog === "off" ? null : createAccessLogLine(options.accessLog);

  function clientOf({ request, peer }: Visitor): string {
    return clientAddress(peer, request.headers.get("x-forwarded-for"), trustedProxies);
  }

  function record(visitor: Visitor, outcome: Outcome): void {
    statistics.record(outcome);
    if (logLine === null && outcome.error === null) return;
    const target = targetOf(visitor.request.url);
    if (outcome.error !== null) onReset(target, outcome.error);
    if (logLine !== null) writer.write(logLine(recordOf(visitor.request, clientOf(visitor), target, outcome)));
  }

  function refuse(visitor: Visitor, status: ErrorStatus): Response {
    const startedAt = performance.now();
    const { html, headers } = errorPage(status);
    const isHead = visitor.request.method === "HEAD";
    const bytes = isHead ? 0 : html.length;
    const times = { startedAt, ttfbMs: 0, durationMs: 0 };
    record(visitor, { status, bytes, trace: newTrace(), ...times, cache: null, error: null });
    if (!isHead) return new Response(html, { status, headers });
    const date = formatHttpDate(Math.floor(wallClockMs(startedAt) / 1000));
    return new Response(null, { status, headers: { ...headers, Date: date } });
  }

  return {
    refuse,
    answer(visitor) {
      if (rateLimit?.(networkOf(clientOf(visitor))) === false) return refuse(visitor, 429);
      return site(visitor.request, (outcome) => record(visitor, outcome));
    },
  };
}

/** Path and query as they arrived. */
function targetOf(url: string): string {
  const scheme = url.indexOf("://");
  // HTTP/1.0 without Host, and the listener of Node.js, give the target alone.
  if (url.startsWith("/") || scheme < 0) return url;
  const start = url.indexOf("/", scheme + 3);
  return start < 0 ? url : url.slice(start);
}

function recordOf(request: SiteRequest, client: string, target: string, outcome: Outcome): AccessRecord {
  const { status, bytes, startedAt, durationMs, ttfbMs, trace, cache, error } = outcome;
  const { method, headers } = request;
  return {
    timeMs: wallClockMs(startedAt),
    client,
    method,
    target,
    status,
    bytes,
    referer: headers.get("referer"),
    userAgent: headers.get("user-agent"),
    durationMs,
    ttfbMs,
    server: trace.server,
    tries: trace.tries,
    switches: trace.switches,
    hedged: trace.hedged,
    cache,
    rpcs: trace.rpcs,
    reset: error !== null,
  };
}
