/** The usual listener: Bun.serve. Fast, and without Content-Length for bodies beyond --buffer-limit. */
import { startConnectionGuard } from "./connection_guard.ts";
import {
  drained,
  idleTimeoutSeconds,
  pauseForBody,
  requestTimeoutMs,
  type Front,
  type FrontOptions,
  type Visitor,
} from "./front.ts";
import { errorPage } from "../pages/pages.ts";
import { maxIgnoredBodyBytes } from "../site/request_check.ts";
import { climbingRoutes } from "../http/request_path.ts";

/** What is left of a body then is a few MB: a client that takes 1 MB/s gets it. */
const HTTP2_LINGER_MS = 5_000;

export interface BunFrontOptions extends FrontOptions {
  /** Offer HTTP/2 as well. */
  readonly http2: boolean;
}

export function startBunFront(options: BunFrontOptions): Front {
  let isStopping = false;

  function visitorOf(request: Request): Visitor {
    return { request, peer: options.wantsPeer ? (server.requestIP(request)?.address ?? "") : "" };
  }

  /** While stopping, connections end with their response, or a busy one would never. */
  function leaving(response: Response): Response {
    if (isStopping) response.headers.set("Connection", "close");
    return response;
  }

  function answer(request: Request): Response | Promise<Response> {
    const visitor = visitorOf(request);
    const pause = pauseForBody(request);
    if (pause !== undefined)
      return answerLater(
        request,
        pause.then(() => options.answer(visitor)),
      );
    const response = options.answer(visitor);
    return response instanceof Response ? leaving(response) : answerLater(request, response);
  }

  async function answerLater(request: Request, response: Promise<Response>): Promise<Response> {
    const port = server.requestIP(request)?.port ?? 0;
    guard.begin(port);
    try {
      return leaving(await response);
    } finally {
      // A body may be held up in the middle, with nothing left to send for a while: its connection is not idle.
      const sent = options.sent(request);
      if (sent === undefined) guard.end(port);
      else void sent.then(() => guard.end(port));
    }
  }

  const climbing = (request: Request) => leaving(options.refuse(visitorOf(request), 400));
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout: idleTimeoutSeconds,
    maxRequestBodySize: maxIgnoredBodyBytes,
    development: false,
    http2: options.http2,
    routes: Object.fromEntries(climbingRoutes.map((route) => [route, climbing])),
    fetch: answer,
    error(error) {
      options.onUnexpected(error);
      const { html, headers } = errorPage(500);
      return new Response(html, { status: 500, headers });
    },
    ...(options.tls === null ? {} : { tls: { ...options.tls } }),
  });

  const guard = startConnectionGuard({
    port: server.port!,
    maxConnections: options.maxConnections,
    maxPerClient: options.maxConnectionsPerClient,
    exempt: options.exemptClients,
    requestMs: requestTimeoutMs,
    mustDrip: options.http2,
    onUnexpected: options.onUnexpected,
  });

  return {
    url: server.url.href.replace(/\/$/, ""),
    unfinished: () => server.pendingRequests,
    connections: guard.counters,
    async stop() {
      isStopping = true;
      guard.stop();
      const stopped = server.stop();
      // It would wait for connections whose request has not come whole, too, until they time out.
      await drained(() => server.pendingRequests);
      // With HTTP/2 a request no longer counts as pending when the last of its body is still to be sent.
      if (options.http2) await Promise.race([stopped, Bun.sleep(HTTP2_LINGER_MS)]);
      await server.stop(true);
      await stopped;
    },
  };
}
