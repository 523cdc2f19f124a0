/**
 * A TCP proxy between the web server and a chirp_server that does what networks and broken servers do:
 *
 *     await using proxy = await startFaultProxy(server.port);
 *     proxy.set({ kind: "cut", afterBytes: 10_000, how: "reset" });
 *
 * A fault holds from the moment it is set, for the connections that are there as well as for new ones; what it counts
 * (bytes from the Chirp server) it counts for each connection from then on.
 */
import { createServer, type Server, type Socket, connect } from "node:net";

export type Fault =
  | { readonly kind: "none" }
  /** Every piece arrives so much later, in both directions. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Answers trickle. */
  | { readonly kind: "drip"; readonly bytesPerSecond: number }
  /** The connection breaks after so many bytes of answers. */
  | { readonly kind: "cut"; readonly afterBytes: number; readonly how: Cut }
  /** … or when this command is asked for; the server never sees it. */
  | { readonly kind: "cutBefore"; readonly command: string; readonly how: Cut }
  /** After so many bytes of answers, nothing comes any more, and the connection stays. */
  | { readonly kind: "blackHole"; readonly afterBytes: number }
  /** Accepts, reads, is silent. */
  | { readonly kind: "swallow" }
  /** Nobody listens there; connections are reset. */
  | { readonly kind: "refuse" }
  /** Answers with bytes that are no Chirp. */
  | { readonly kind: "garbage" }
  /** Answers "no" to every authentication method. */
  | { readonly kind: "denyAuth" };

type Cut = "reset" | "close";

export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** "127.0.0.1:port", as in servers.txt. */
  readonly host: string;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Bytes that came from the Chirp server and were passed on, in all. */
  readonly passedBytes: number;
  set(fault: Fault): Promise<void>;
  /** The connection that reaches the Chirp server from this port; undefined when it is gone. */
  connectionFrom(port: number): PassedConnection | undefined;
}

export interface PassedConnection {
  /** Done when so many bytes of answers were passed on, in all. */
  untilPassed(bytes: number): Promise<void>;
  /** Breaks this one, and no other. */
  end(how: Cut): void;
  /** What the fault makes of a request, for one that had gone through before it. */
  answerWrongly(): void;
}

/** What is passed on at a time when answers trickle. */
const DRIPS_PER_SECOND = 20;
const GARBAGE = "HTTP/1.1 400 Bad Request\r\n\r\n";
/** They are on their way within this machine. */
const PASSED_WITHIN_MS = 2_000;

export async function startFaultProxy(serverPort: number): Promise<FaultProxy> {
  const pairs = new Set<Pair>();
  let fault: Fault = { kind: "none" };
  let accepted = 0;
  let passedBytes = 0;
  let server = await listen(0, accept);
  const { port } = server.address() as { port: number };

  function accept(client: Socket): void {
    accepted++;
    const pair = createPair(
      client,
      serverPort,
      () => fault,
      (bytes) => (passedBytes += bytes),
    );
    pairs.add(pair);
    client.on("close", () => pairs.delete(pair));
  }

  async function stopListening(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    for (const pair of pairs) pair.end("reset");
    await closed.promise;
  }

  return {
    port,
    host: `127.0.0.1:${port}`,
    get accepted() {
      return accepted;
    },
    get passedBytes() {
      return passedBytes;
    },
    connectionFrom: (port) => [...pairs].find((pair) => pair.port === port),
    async set(next) {
      const before = fault.kind;
      fault = next;
      for (const pair of pairs) pair.faultChanged();
      if (next.kind === "refuse" && before !== "refuse") await stopListening();
      if (next.kind !== "refuse" && before === "refuse") server = await listen(port, accept);
    },
    async [Symbol.asyncDispose]() {
      if (fault.kind !== "refuse") await stopListening();
    },
  };
}

async function listen(port: number, accept: (client: Socket) => void): Promise<Server> {
  const server = createServer(accept);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", resolve);
  await promise;
  return server;
}

interface Pair extends PassedConnection {
  /** Ours, of the connection to the Chirp server. */
  readonly port: number | undefined;
  faultChanged(): void;
}

/** One connection of the web server's, and ours to the Chirp server for it. */
function createPair(
  client: Socket,
  serverPort: number,
  currentFault: () => Fault,
  onPassed: (bytes: number) => void,
): Pair {
  const server = connect(serverPort, "127.0.0.1");
  /** Since the fault was set. */
  let fromServer = 0;
  let passed = 0;
  let toClient = Promise.resolve();
  let toServer = Promise.resolve();
  let isOver = false;

  function end(how: Cut): void {
    if (isOver) return;
    isOver = true;
    server.destroy();
    if (how === "reset") client.resetAndDestroy();
    else client.end();
  }

  function pass(bytes: Buffer): void {
    if (isOver) return;
    onPassed(bytes.length);
    passed += bytes.length;
    client.write(bytes);
  }

  /** The start of `bytes` up to the limit, counted from when the fault was set. */
  function upTo(limit: number, bytes: Buffer): Buffer {
    return bytes.subarray(0, Math.max(0, limit - (fromServer - bytes.length)));
  }

  async function answer(bytes: Buffer): Promise<void> {
    const fault = currentFault();
    fromServer += bytes.length;
    switch (fault.kind) {
      case "delay":
        await Bun.sleep(fault.ms);
        return pass(bytes);
      case "drip":
        return await drip(bytes, fault);
      case "cut":
        pass(upTo(fault.afterBytes, bytes));
        // What was passed must have left, or the reset takes it along.
        if (fromServer >= fault.afterBytes) setImmediate(end, fault.how);
        return;
      case "blackHole":
        return pass(upTo(fault.afterBytes, bytes));
      case "swallow":
      case "garbage":
      case "denyAuth":
      case "refuse":
        return;
      default:
        return pass(bytes);
    }
  }

  async function drip(bytes: Buffer, fault: Fault & { readonly kind: "drip" }): Promise<void> {
    const step = Math.max(1, Math.round(fault.bytesPerSecond / DRIPS_PER_SECOND));
    for (let start = 0; start < bytes.length; start += step) {
      if (isOver) return;
      // The fault is over: the rest at once.
      if (currentFault() !== fault) return pass(bytes.subarray(start));
      pass(bytes.subarray(start, start + step));
      await Bun.sleep((1000 * step) / fault.bytesPerSecond);
    }
  }

  async function ask(bytes: Buffer): Promise<void> {
    const fault = currentFault();
    switch (fault.kind) {
      case "swallow":
      case "refuse":
        return;
      case "garbage":
        return void client.write(GARBAGE);
      case "denyAuth":
        return void client.write("no\n".repeat(bytes.toString("latin1").split("\n").length - 1));
      case "cutBefore":
        if (bytes.toString("latin1").startsWith(`${fault.command} `)) return end(fault.how);
        break;
      case "delay":
        await Bun.sleep(fault.ms);
        break;
      default:
        break;
    }
    if (!isOver) server.write(bytes);
  }

  client.on("data", (bytes: Buffer) => void (toServer = toServer.then(async () => await ask(bytes))));
  server.on("data", (bytes: Buffer) => {
    // The server waits while we do.
    server.pause();
    toClient = toClient.then(async () => {
      await answer(bytes);
      if (!isOver && client.writableNeedDrain) await drained(client);
      server.resume();
    });
  });
  const over = () => end("close");
  client.on("error", over).on("close", over);
  server.on("error", () => end("reset")).on("close", () => void toClient.then(over));
  return {
    get port() {
      return server.localPort;
    },
    faultChanged: () => void (fromServer = 0),
    async untilPassed(bytes) {
      const deadline = performance.now() + PASSED_WITHIN_MS;
      while (passed < bytes && !isOver) {
        if (performance.now() > deadline) throw new Error(`${passed} of ${bytes} bytes were passed on`);
        await Bun.sleep(1);
      }
    },
    end,
    answerWrongly() {
      const { kind } = currentFault();
      if (kind === "garbage") client.write(GARBAGE);
      if (kind === "denyAuth") client.write("no\n");
    },
  };
}

async function drained(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("drain", resolve).once("close", resolve);
  await promise;
}
