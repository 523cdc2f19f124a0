/** The listeners of the web server: the site's own, and the admin's. */
import type { ServerAddress } from "../chirp/server_address.ts";
import { startAdmin, type Admin } from "./admin.ts";
import { createAccessLogLine, type AccessRecord } from "./access_log.ts";
import { openStreams } from "./body_stream.ts";
import { createLogWriter } from "./log_writer.ts";
import { errorPage, type ErrorStatus } from "./pages.ts";
import { createRateLimit } from "./rate_limit.ts";
import { maxIgnoredBodyBytes } from "./request_check.ts";
import { climbingRoutes } from "./request_path.ts";
import type { ServeOptions } from "./serve_options.ts";
import type { Outcome } from "./site.ts";
import { createSiteParts } from "./site_parts.ts";
import { createStatistics } from "./statistics.ts";

/** Above the failover budget, below Bun's limit of 255: a client that takes nothing for so long is cut. */
const IDLE_TIMEOUT_SECONDS = 250;
/** Requests to read with a body are rare and odd; they can wait. */
const BODY_PAUSE_MS = 5;

export interface WebServer {
  readonly url: string;
  /** Null without --admin. */
  readonly adminUrl: string | null;
  update(addresses: readonly ServerAddress[]): void;
  /** Stops accepting and waits for what is in flight. */
  stop(): Promise<void>;
}

export function startWebServer(
  options: ServeOptions,
  addresses: readonly ServerAddress[],
  log: (line: string) => void,
): WebServer {
  const onUnexpected = (error: unknown) =>
    log(`unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const statistics = createStatistics();
  const accessLog = options.accessLog === "off" ? null : createAccessLogLine(options.accessLog);
  const writer = createLogWriter((text) => Bun.write(Bun.stdout, text));
  const mayGoOn = options.rateLimit === null ? null : createRateLimit(options.rateLimit);
  const parts = createSiteParts({
    serve: options,
    addresses,
    unfinished: () => server.pendingRequests,
    onUnexpected,
    onChange: ({ server: name, state, lastFailure }, before) => {
      if (before === "trial" && state === "ejected") return;
      log(`${name} is ${state}${state === "ejected" ? `: ${lastFailure?.message ?? ""}` : ""}`);
    },
  });

  function fetch(request: Request): Response | Promise<Response> {
    const timeMs = Date.now();
    const client = server.requestIP(request)?.address ?? "";
    if (mayGoOn?.(client) === false) return pageResponse(429);
    const onOutcome = (outcome: Outcome) => {
      statistics.record(outcome);
      const target = targetOf(request.url);
      if (outcome.error !== null) log(`reset "${target}": ${outcome.error.message}`);
      if (accessLog !== null) writer.write(accessLog(recordOf(request, client, timeMs, target, outcome)));
    };
    if (hasBody(request)) return afterBody(() => parts.site(request, onOutcome));
    return parts.site(request, onOutcome);
  }

  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    maxRequestBodySize: maxIgnoredBodyBytes,
    development: false,
    routes: Object.fromEntries(climbingRoutes.map((route) => [route, pageResponse(400)])),
    fetch,
    error(error) {
      onUnexpected(error);
      return pageResponse(500);
    },
    ...(options.tlsCert !== null && options.tlsKey !== null
      ? { tls: { cert: Bun.file(options.tlsCert), key: Bun.file(options.tlsKey) } }
      : {}),
  });

  const admin: Admin | null =
    options.admin === null
      ? null
      : startAdmin(options.admin, {
          pool: parts.pool,
          statistics,
          cache: parts.cache.counters,
          root: options.root,
          cacheLimitBytes: options.cacheSize,
          unfinishedRequests: () => server.pendingRequests,
          bufferedBytes: parts.budget.reserved,
          openStreams,
          droppedLogLines: () => writer.dropped,
          onUnexpected,
        });

  return {
    url: server.url.href.replace(/\/$/, ""),
    adminUrl: admin?.url ?? null,
    update: parts.pool.update,
    async stop() {
      await server.stop();
      await admin?.stop();
      await parts.pool.close();
      await writer.close();
    },
  };
}

function pageResponse(status: ErrorStatus): Response {
  const { html, headers } = errorPage(status);
  return new Response(html, { status, headers });
}

function hasBody({ headers }: Request): boolean {
  return headers.has("transfer-encoding") || headers.has("content-length");
}

/**
 * Bun hands a GET over before its body has come, gives no way to read it, and refuses it when it turns out malformed: after
 * our answer, if that was quick. What came with the headers has been looked at after this pause.
 */
async function afterBody(answer: () => Response | Promise<Response>): Promise<Response> {
  await Bun.sleep(BODY_PAUSE_MS);
  return await answer();
}

/** Path and query as they arrived. */
function targetOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start < 0 ? url : url.slice(start);
}

function recordOf(request: Request, client: string, timeMs: number, target: string, outcome: Outcome): AccessRecord {
  const { status, bytes, durationMs, ttfbMs, trace, error } = outcome;
  return {
    timeMs,
    client,
    method: request.method,
    target,
    status,
    bytes,
    referer: request.headers.get("referer"),
    userAgent: request.headers.get("user-agent"),
    durationMs,
    ttfbMs,
    server: trace.server,
    tries: trace.tries,
    switches: trace.switches,
    hedged: trace.hedged,
    cache: outcome.cache,
    rpcs: trace.rpcs,
    reset: error !== null,
  };
}
