/** Puts the parts of the web server together and listens. */
import { createPool, type Member, type Pool } from "../replicas/pool.ts";
import { createTokenBucket } from "../replicas/token_bucket.ts";
import type { ServerAddress } from "../chirp/server_address.ts";
import { displayName } from "../errors.ts";
import { createBufferBudget } from "./buffer_budget.ts";
import { parseCacheControl } from "./cache_control.ts";
import { createContentCache } from "./content_cache.ts";
import { createFinder } from "./finder.ts";
import { errorPage } from "./pages.ts";
import { createReplicaView, type ReplicaView } from "./replica_view.ts";
import { climbingRoutes, pathLimitUnder } from "./request_path.ts";
import { createResourceFinder } from "./resource.ts";
import { createResponder } from "./responder.ts";
import type { ServeOptions } from "./serve_options.ts";
import { createSite, type Outcome } from "./site.ts";
import { maxIgnoredBodyBytes } from "./request_check.ts";

/** Larger files are streamed and not kept: one read of this size delays a first byte by some 10 ms on a LAN. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;
/** Bodies buffered for the sake of their Content-Length, all together. */
const BUFFERED_BYTES_TOTAL = 256 * 1024 * 1024;
/** Above the failover budget, below Bun's limit of 255: a slower client is cut. */
const IDLE_TIMEOUT_SECONDS = 250;

export interface WebServer {
  readonly url: string;
  readonly pool: Pool;
  update(addresses: readonly ServerAddress[]): void;
  /** Stops accepting and waits for what is in flight. */
  stop(): Promise<void>;
}

export function startWebServer(options: ServeOptions, addresses: readonly ServerAddress[]): WebServer {
  const timeoutMs = options.timeout * 1000;
  const ttlMs = options.cacheTtl * 1000;
  const hedges = createTokenBucket();
  const pool = createPool(addresses, {
    auth: options.auth,
    tickets: options.tickets ?? process.env["CHIRP_CLIENT_TICKETS"] ?? "",
    timeoutMs,
    onChange: ({ server, state, lastFailure }, before) => {
      const reason = state === "ejected" || state === "suspect" ? `: ${lastFailure?.message ?? "no answer"}` : "";
      if (before !== "trial" || state !== "ejected") log(`${server} is ${state}${reason}`);
    },
  });

  const views = new WeakMap<Member, ReplicaView>();
  function viewOf(member: Member): ReplicaView {
    let view = views.get(member);
    if (view === undefined) views.set(member, (view = createReplicaView(member.lane, ttlMs)));
    return view;
  }

  const cache = createContentCache(options.cacheSize, ttlMs);
  const finder = createFinder({ pool, cache, hedges, viewOf, heldBytesMax: HELD_BYTES_MAX });
  const resources = createResourceFinder({
    finder,
    viewOf,
    root: options.root,
    autoindex: options.autoindex,
    fallback: options.spa ? "/index.html" : null,
  });
  const budget = createBufferBudget(BUFFERED_BYTES_TOTAL, () => server.pendingRequests);
  const bufferedBytesMax = options.bufferLimit;
  const site = createSite({
    resources,
    responder: createResponder({ pool, hedges, viewOf, timeoutMs, bufferedBytesMax, budget }),
    cacheControlOf: parseCacheControl(options.cacheControl, (pattern) => {
      const glob = new Bun.Glob(pattern);
      return (path) => glob.match(path);
    }),
    pathLimit: pathLimitUnder(options.root),
    timeoutMs,
    errorPages: new Map(options.errorPage.map(({ status, path }) => [status, path])),
    debugHeaders: options.debugHeaders,
    onUnexpected: (error) =>
      log(`unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });

  const { html, headers } = errorPage(400);
  const badRequest = new Response(html, { status: 400, headers });
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    maxRequestBodySize: maxIgnoredBodyBytes,
    development: false,
    routes: Object.fromEntries(climbingRoutes.map((route) => [route, badRequest])),
    fetch: (request) => site(request, (outcome) => report(request, outcome)),
    error(error) {
      log(`unexpected: ${error.stack ?? error.message}`);
      return new Response(null, { status: 500 });
    },
  });

  function report(request: Request, { error, trace }: Outcome): void {
    if (error !== null)
      log(`reset: ${displayName(new URL(request.url).pathname)} after ${trace.switches} switches: ${error.message}`);
  }

  return {
    url: server.url.href.replace(/\/$/, ""),
    pool,
    update: pool.update,
    async stop() {
      await server.stop();
      await pool.close();
    },
  };
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
