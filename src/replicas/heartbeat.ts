/**
 * A TCP connection on which a Chirp server is asked for a sign of life, again and again, without costing a worker.
 *
 * A server answers "no" to an authentication method that it does not know, and waits for the next one: a line each way, no
 * RPC, no rights needed. A stopped server still accepts connections, so that only the answer counts. When the server
 * dies, the connection that is held tells at once.
 */
import type { Socket } from "bun";
import { ChirpError, codeOfErrno, type ErrorCode } from "../errors.ts";
import { resolveHost, type ServerAddress } from "../chirp/server_address.ts";
import { constants } from "node:os";

export interface HeartbeatEvents {
  /** The answer to the last question came. */
  answered(): void;
  /** The connection is over; nothing more will come. null: it was closed after answers, as servers do with idle ones. */
  ended(code: ErrorCode | null): void;
}

export interface Heartbeat {
  /** Milliseconds that the open question (also the connecting) has been waiting; 0 when everything is answered. */
  waitingMs(): number;
  /** Milliseconds since the last answer. */
  silentMs(): number;
  /** Asks, unless a question is open. */
  ask(): void;
  close(): void;
}

/** No authentication method: the answer is "no". */
const QUESTION = "alive?\n";
const ANSWER = "no\n";

/** Connects and asks the first question. */
export function startHeartbeat(address: ServerAddress, events: HeartbeatEvents): Heartbeat {
  let socket: Socket | undefined;
  let askedAt: number | undefined = performance.now();
  let answeredAt = performance.now();
  let received = "";
  let answers = 0;
  let isOver = false;

  function end(code: ErrorCode | null): void {
    if (isOver) return;
    isOver = true;
    socket?.terminate();
    events.ended(code);
  }

  function ask(): void {
    if (isOver || socket === undefined) return;
    askedAt = performance.now();
    socket.write(QUESTION);
  }

  function receive(bytes: Buffer): void {
    received += bytes.toString("latin1");
    if (!ANSWER.startsWith(received)) return end("EPROTO");
    if (received !== ANSWER) return;
    received = "";
    answers++;
    askedAt = undefined;
    answeredAt = performance.now();
    events.answered();
  }

  async function connect(): Promise<void> {
    const hostname = await resolveHost(address.server, address.host);
    const opened = await Bun.connect({
      hostname,
      port: address.port,
      socket: {
        data: (_, bytes) => receive(bytes),
        close: () => end(answers > 0 ? null : "ECONNRESET"),
        error: (_, error) => end(codeOf(error)),
        connectError: (_, error) => end(codeOf(error)),
      },
    });
    if (isOver) return void opened.terminate();
    // Being watched does not keep the program alive.
    opened.unref();
    socket = opened;
    ask();
  }

  connect().catch((error: unknown) => end(codeOf(error)));

  return {
    waitingMs: () => (askedAt === undefined ? 0 : performance.now() - askedAt),
    silentMs: () => performance.now() - answeredAt,
    ask: () => {
      if (askedAt === undefined) ask();
    },
    close: () => {
      isOver = true;
      socket?.terminate();
    },
  };
}

function codeOf(error: unknown): ErrorCode {
  if (error instanceof ChirpError) return error.code;
  const name = (error as { code?: unknown }).code;
  const errno = typeof name === "string" ? (constants.errno as Record<string, number>)[name] : undefined;
  return errno === undefined ? "ECONNREFUSED" : codeOfErrno(errno).code;
}
