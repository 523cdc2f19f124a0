/** Puts the parts of the site together: pool, views, cache, finder, responder. Listens to nothing yet. */
import type { ServerAddress } from "../../chirp/server_address.ts";
import { createPool, type Member, type Pool } from "../../replicas/pool.ts";
import type { Replica } from "../../replicas/replicas.ts";
import { createTokenBucket } from "../../replicas/token_bucket.ts";
import { createAnswers } from "./answers.ts";
import { createBufferBudget, type BufferBudget } from "../content/buffer_budget.ts";
import { firstCacheControl } from "../http/cache_control.ts";
import { createCompressor, type Compressor } from "../content/compressor.ts";
import { createContentCache, type ContentCache } from "../content/content_cache.ts";
import { createErrorPages } from "./error_pages.ts";
import { createFinder } from "../content/finder.ts";
import { createMemoryPath, type MemoryPathOptions } from "./memory_path.ts";
import { createReplicaView, type ReplicaView } from "../content/replica_view.ts";
import { createRepresentations } from "./representations.ts";
import { pathLimitUnder } from "../http/request_path.ts";
import { createResourceFinder } from "../content/resource.ts";
import { createResponder } from "./responder.ts";
import type { ServeOptions } from "../options/serve_options.ts";
import { createSite, type Site } from "./site.ts";
import { createStaleAnswers } from "./stale_answers.ts";

/** Larger files are streamed and not kept: one read of this size delays a first byte by some 10 ms on a LAN. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;
/** Bodies buffered for the sake of their Content-Length, all together. */
const BUFFERED_BYTES_TOTAL = 256 * 1024 * 1024;
/** Requests that wait for a server; each holds a few KB, and a thousand a second are answered. */
const REQUESTS_MAX = 10_000;

/** Of --cache-size, what --compress may use. */
const COMPRESSED_SHARE = 0.25;

export interface SiteParts {
  readonly site: Site;
  readonly pool: Pool;
  readonly cache: ContentCache;
  readonly compressor: Compressor | null;
  readonly budget: BufferBudget;
}

export interface SitePartsOptions {
  readonly serve: ServeOptions;
  readonly addresses: readonly ServerAddress[];
  /** Requests whose response has not left completely. */
  readonly unfinished: () => number;
  readonly onChange: (replica: Replica) => void;
  readonly onUnexpected: (error: unknown) => void;
}

export function createSiteParts({ serve, addresses, unfinished, onChange, onUnexpected }: SitePartsOptions): SiteParts {
  const { root } = serve;
  const timeoutMs = serve.timeout * 1000;
  const ttlMs = serve.cacheTtl * 1000;
  const hedges = createTokenBucket();
  const tickets = serve.tickets ?? process.env["CHIRP_CLIENT_TICKETS"] ?? "";
  const pool = createPool(addresses, {
    auth: serve.auth,
    tickets,
    timeoutMs,
    onChange(replica) {
      onChange(replica);
      errorPages.prepare().catch(onUnexpected);
    },
  });

  const views = new WeakMap<Member, ReplicaView>();
  function viewOf(member: Member): ReplicaView {
    let view = views.get(member);
    if (view === undefined) views.set(member, (view = createReplicaView(member.lane, ttlMs)));
    return view;
  }

  const compressedBytes = serve.compress ? serve.cacheSize * COMPRESSED_SHARE : 0;
  const compressor = serve.compress ? createCompressor(compressedBytes) : null;
  const cache = createContentCache(serve.cacheSize - compressedBytes, ttlMs);
  const finder = createFinder({ pool, cache, hedges, viewOf, heldBytesMax: HELD_BYTES_MAX });
  const fallback = serve.spa ? "/index.html" : null;
  const resources = createResourceFinder({ finder, viewOf, root, autoindex: serve.autoindex, compressor, fallback });
  const representations = createRepresentations(firstCacheControl(serve.cacheControl));
  const budget = createBufferBudget(BUFFERED_BYTES_TOTAL, unfinished);
  const errorPages = createErrorPages(new Map(serve.errorPage.map(({ status, path }) => [status, path])), resources);
  const limitMs = serve.serveStale * 1000;
  // node:http keeps the Content-Length of a stream: nothing needs to be collected for it.
  const bufferedBytesMax = serve.front === "node" ? 0 : serve.bufferLimit;
  const stale = limitMs === 0 ? null : createStaleAnswers({ limitMs, cache, compressor, representations });
  const onRenewed: MemoryPathOptions["onRenewed"] = (target, hash) => stale?.renew(target, hash);
  const answers = createAnswers({
    memoryPath: createMemoryPath({ pool, cache, viewOf, representations, compressor, root, onRenewed }),
    resources,
    representations,
    responder: createResponder({ pool, hedges, viewOf, timeoutMs, bufferedBytesMax, budget }),
    errorPages,
    stale,
    isAnyWell: () => pool.replicas.isReady,
    requestsMax: REQUESTS_MAX,
  });
  const { debugHeaders } = serve;
  const site = createSite({ answers, pathLimit: pathLimitUnder(root), timeoutMs, debugHeaders, onUnexpected });
  return { site, pool, cache, compressor, budget };
}
