/** Puts the web server together: the site behind its listener, and the admin's listener. */
import type { ServerAddress } from "../chirp/server_address.ts";
import type { Admin } from "./operations/admin.ts";
import { networkOf } from "./http/client_address.ts";
import { openStreams } from "./content/body_stream.ts";
import type { Front } from "./front/front.ts";
import { startBunFront } from "./front/front_bun.ts";
import { watchSending } from "./front/sending.ts";
import { openListener } from "./front/listen_error.ts";
import { createLogWriter } from "./operations/log_writer.ts";
import { createLoggedSite } from "./operations/logged_site.ts";
import { createRateLimit } from "./operations/rate_limit.ts";
import { createServerNews } from "./operations/server_news.ts";
import type { ServeOptions } from "./options/serve_options.ts";
import { createSiteParts } from "./site/site_parts.ts";
import { writeStdout } from "./operations/write_stdout.ts";
import { createStatistics } from "./operations/statistics.ts";

export interface WebServer {
  readonly url: string;
  /** Null without --admin. */
  readonly adminUrl: string | null;
  update(addresses: readonly ServerAddress[]): void;
  /** Refuses new connections and waits for what is in flight. */
  stop(): Promise<void>;
}

export interface WebServerOptions {
  readonly serve: ServeOptions;
  readonly addresses: readonly ServerAddress[];
  /** Certificate chain and private key, PEM; null for plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Takes a line for people. */
  readonly log: (line: string) => void;
  /** Told of errors that nobody foresaw; the server goes on. */
  readonly onUnexpected: (error: unknown) => void;
}

/** Rejects with ListenError when a listener cannot be opened; then nothing is left running. */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { serve, addresses, tls, log, onUnexpected } = options;
  const statistics = createStatistics();
  const writer = createLogWriter(writeStdout, (error) =>
    log(`access log: cannot write (${String(error)}); the site goes on without it`),
  );
  let front: Front | undefined;
  const unfinished = () => front?.unfinished() ?? 0;
  const parts = createSiteParts({ serve, addresses, unfinished, onUnexpected, onChange: createServerNews(log) });
  const { site, sent } = watchSending(parts.site);
  const logged = createLoggedSite({
    site,
    statistics,
    accessLog: serve.accessLog,
    writer,
    rateLimit: serve.rateLimit === null ? null : createRateLimit(serve.rateLimit),
    trustedProxies: new Set(serve.trustedProxy),
    onReset: (target, error) => log(`reset ${JSON.stringify(target)}: ${error.message}`),
  });
  let admin: Admin | null = null;
  try {
    const { host, port } = serve;
    const frontOptions = {
      host,
      port,
      tls,
      maxConnections: serve.maxConnections,
      maxConnectionsPerClient: serve.maxConnectionsPerClient,
      exemptClients: new Set(serve.trustedProxy.map(networkOf)),
      wantsPeer: serve.accessLog !== "off" || serve.rateLimit !== null,
      answer: logged.answer,
      sent,
      refuse: logged.refuse,
      onUnexpected,
    };
    // What most starts do not need is loaded where it is asked for: node:http would add a fifth to every start.
    const startNodeFront = serve.front === "node" ? (await import("./front/front_node.ts")).startNodeFront : null;
    front = await openListener({ option: "--port", host, port }, () =>
      startNodeFront === null ? startBunFront({ ...frontOptions, http2: serve.http2 }) : startNodeFront(frontOptions),
    );
    const { connections } = front;
    const place = serve.admin;
    if (place !== null) {
      const { startAdmin } = await import("./operations/admin.ts");
      admin = await openListener({ option: "--admin", ...place }, () =>
        startAdmin(place, {
          pool: parts.pool,
          statistics,
          cache: parts.cache.counters,
          compressor: parts.compressor?.counters ?? null,
          root: serve.root,
          cacheLimitBytes: serve.cacheSize,
          bufferLimitBytes: parts.budget.limitBytes,
          serveStaleSeconds: serve.serveStale,
          unfinishedRequests: unfinished,
          connections,
          bufferedBytes: parts.budget.reserved,
          openStreams,
          droppedLogLines: () => writer.dropped,
          onUnexpected,
        }),
      );
    }
  } catch (error) {
    await Promise.all([front?.stop(), parts.pool.close()]);
    throw error;
  }
  const { url, stop } = front;
  return {
    url,
    adminUrl: admin?.url ?? null,
    update: parts.pool.update,
    async stop() {
      await stop();
      await admin?.stop();
      await parts.pool.close();
      await writer.close();
    },
  };
}
