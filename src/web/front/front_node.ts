/**
 * The other listener (`--front node`): node:http of Bun. Slower for small files, and exact about Content-Length at any size,
 * since it does not drop that of a stream as Bun.serve does.
 */
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { hostPort } from "../../chirp/server_address.ts";
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

/** Shorter bodies go out in one piece, at a third of the cost; they are in memory anyway. */
const WHOLE_BYTES_MAX = 1024 * 1024;

export async function startNodeFront(options: FrontOptions): Promise<Front> {
  const { host, port, tls } = options;
  let unfinished = 0;
  let isStopping = false;

  async function answer(incoming: IncomingMessage): Promise<Response> {
    const visitor = visitorOf(incoming);
    const { headers } = visitor.request;
    // Chunks came with HTTP/1.1: whoever sends them in 1.0 wants two servers to disagree.
    if (incoming.httpVersion === "1.0" && headers.has("transfer-encoding")) return options.refuse(visitor, 400);
    await pauseForBody(visitor.request);
    return await options.answer(visitor);
  }

  function receive(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const clientPort = incoming.socket.remotePort ?? 0;
    unfinished++;
    guard.begin(clientPort);
    outgoing.on("close", () => {
      unfinished--;
      guard.end(clientPort);
    });
    // A body is never wanted; what comes is read and dropped.
    incoming.resume();
    if (isStopping) outgoing.setHeader("Connection", "close");
    answer(incoming)
      .then(async (response) => await send(response, outgoing))
      .catch((error: unknown) => {
        options.onUnexpected(error);
        outgoing.destroy();
      });
  }

  const timeouts = { keepAliveTimeout: idleTimeoutSeconds * 1000 };
  const server =
    tls === null ? createHttpServer(timeouts, receive) : createHttpsServer({ ...tls, ...timeouts }, receive);
  // An expectation that nobody knows is no reason to refuse what can be answered (RFC 9110, 10.1.1).
  server.on("checkExpectation", receive);
  server.timeout = idleTimeoutSeconds * 1000;
  server.listen(port, host);
  await once(server, "listening");
  server.on("error", options.onUnexpected);
  const address = server.address() as AddressInfo;
  const guard = startConnectionGuard({
    port: address.port,
    maxConnections: options.maxConnections,
    maxPerClient: options.maxConnectionsPerClient,
    exempt: options.exemptClients,
    requestMs: requestTimeoutMs,
    mustDrip: false,
    onUnexpected: options.onUnexpected,
  });

  return {
    url: `${tls === null ? "http" : "https"}://${hostPort(host, address.port)}`,
    unfinished: () => unfinished,
    connections: guard.counters,
    async stop() {
      isStopping = true;
      guard.stop();
      server.close();
      await drained(() => unfinished);
      // closeIdleConnections() of Bun leaves those that have had a request, and "close" would wait for them.
      server.closeAllConnections();
    },
  };
}

function visitorOf(incoming: IncomingMessage): Visitor {
  const headers = new Headers();
  const raw = incoming.rawHeaders;
  for (let index = 0; index + 1 < raw.length; index += 2) headers.append(raw[index]!, raw[index + 1]!);
  return {
    request: { method: incoming.method ?? "GET", url: incoming.url ?? "/", headers },
    peer: incoming.socket.remoteAddress ?? "",
  };
}

/** Sends the response as fast as the client takes it; resets the connection when the body fails. */
async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  // The client may have gone while it waited: then nobody else would tell whoever makes the body.
  if (outgoing.destroyed) {
    await response.body?.cancel();
    return;
  }
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) {
    outgoing.end();
    return;
  }
  const length = Number(response.headers.get("content-length") ?? Infinity);
  if (length <= WHOLE_BYTES_MAX) {
    outgoing.end(await response.bytes());
    return;
  }
  const reader = response.body.getReader();
  outgoing.on("close", () => void reader.cancel().catch(() => undefined));
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (outgoing.destroyed) return;
      if (done) break;
      if (!outgoing.write(value)) await Promise.race([once(outgoing, "drain"), once(outgoing, "close")]);
    }
    outgoing.end();
  } catch {
    // Why is in the log already: whoever made the body has told. The client must see that it did not get all.
    outgoing.destroy();
  }
}
