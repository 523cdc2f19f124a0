/**
 * A TCP connection on which a Chirp server is asked for a sign of life, again and again, without costing a worker.
 *
 * A server answers "no" to an authentication method that it does not know, and waits for the next one: a line each way, no
 * RPC, no rights needed. A stopped server still accepts connections, so that only the answer counts. When the server
 * dies, the connection that is held tells at once.
 */
import type { Socket } from "node:net";
import { resolveHost } from "../chirp/resolve_host.ts";
import type { ServerAddress } from "../chirp/server_address.ts";
import { ChirpError, codeOfErrno, type ErrorCode } from "../errors.ts";

export interface HeartbeatEvents {
  /** The answer to the last question came. */
  answered(): void;
  /** The connection is over; nothing more will come. null: it was closed after answers, as servers do with idle ones. */
  ended(code: ErrorCode | null): void;
}

export interface Heartbeat {
  /** Milliseconds that the open question (also the connecting) has been waiting; 0 when everything is answered. */
  waitingMs(): number;
  /** performance.now() of the last answer; 0 before the first. */
  answeredAt(): number;
  /** Milliseconds since it was started. */
  ageMs(): number;
  /** Asks, unless a question is open. */
  ask(): void;
  close(): void;
}

/** No authentication method: the answer is "no". */
const QUESTION = "alive?\n";
const ANSWER = "no\n";

/** Connects and asks the first question. */
export function startHeartbeat(address: ServerAddress, events: HeartbeatEvents): Heartbeat {
  const startedAt = performance.now();
  let socket: Socket | undefined;
  let askedAt: number | undefined = startedAt;
  let answeredAt = 0;
  let received = "";
  let isOver = false;

  function end(code: ErrorCode | null): void {
    if (isOver) return;
    isOver = true;
    socket?.destroy();
    events.ended(code);
  }

  function ask(): void {
    askedAt = performance.now();
    socket?.write(QUESTION);
  }

  function receive(bytes: Buffer): void {
    received += bytes.toString("latin1");
    if (!ANSWER.startsWith(received)) return end("EPROTO");
    if (received !== ANSWER || isOver) return;
    received = "";
    askedAt = undefined;
    answeredAt = performance.now();
    events.answered();
  }

  async function connect(): Promise<void> {
    const host = await resolveHost(address.server, address.host);
    // At the start, the listener is opened and told of first: loading node:net takes longer than both.
    await Bun.sleep(0);
    // Not Bun.connect: what still connects could not be ended there.
    const net = await import("node:net");
    if (isOver) return;
    socket = net.connect({ host, port: address.port });
    // Being watched does not keep the program alive.
    socket.unref();
    socket.on("connect", ask);
    socket.on("data", receive);
    socket.on("error", (error) => end(codeOf(error)));
    socket.on("close", () => end(answeredAt > 0 ? null : "ECONNRESET"));
  }

  connect().catch((error: unknown) => end(codeOf(error)));

  return {
    waitingMs: () => (askedAt === undefined ? 0 : performance.now() - askedAt),
    answeredAt: () => answeredAt,
    ageMs: () => performance.now() - startedAt,
    ask: () => {
      if (askedAt === undefined && !isOver) ask();
    },
    close: () => {
      isOver = true;
      socket?.destroy();
    },
  };
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof ChirpError) return error.code;
  const name = (error as { code?: unknown }).code;
  const { errno: numbers } = process.getBuiltinModule("node:os").constants;
  const errno = typeof name === "string" ? (numbers as Record<string, number>)[name] : undefined;
  return errno === undefined ? "ECONNREFUSED" : codeOfErrno(errno).code;
}
