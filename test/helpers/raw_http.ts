/** An HTTP client for tests that sends exactly the bytes it is given, and tells exactly what came back. */
import { connect } from "node:net";
import { parseResponse, ProtocolViolation, type RawResponse } from "./raw_response.ts";

/** Among the pieces: what follows is sent when every request before it has its answer. */
export const answered: Answered = { kind: "answered" };

interface Answered {
  readonly kind: "answered";
}

/** Text is sent as latin1, one byte a character; a number is a pause in milliseconds. */
export type Piece = string | Uint8Array | number | Answered;

export interface ExchangeOptions {
  readonly port: number;
  readonly host?: string;
  /** Methods of the requests in `pieces`, in order: a HEAD is answered without a body. Default: one GET. */
  readonly methods?: readonly string[];
  /**
   * What to wait for. `end`: the server closes (ask it to, with Connection: close); bytes after the last response are a
   * violation. `responses`: as many responses as there are methods; then the client hangs up.
   */
  readonly until?: "end" | "responses";
  /** Longer than this is an error that tells what had come. */
  readonly deadlineMs?: number;
}

export interface Exchange {
  /** Final ones. What came before them (100 Continue) is in `interim`. */
  readonly responses: readonly RawResponse[];
  readonly interim: readonly RawResponse[];
  /** `closed`: the server ended the connection in order; `reset`: it broke it; `open`: we hung up. */
  readonly end: "closed" | "reset" | "open";
  /** What is there of a response that never became whole. */
  readonly unfinished: Buffer;
}

const defaultDeadlineMs = 10_000;

export function exchange(pieces: Piece | readonly Piece[], options: ExchangeOptions): Promise<Exchange> {
  const { port, host = "127.0.0.1", methods = ["GET"], until = "end", deadlineMs = defaultDeadlineMs } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Exchange>();
  const socket = connect({ port, host });
  const chunks: Buffer[] = [];
  const done = new AbortController();
  let news = Promise.withResolvers<void>();

  const look = (end: Exchange["end"]) => {
    try {
      const bytes = Buffer.concat(chunks);
      const { responses, interim, position } = readAll(bytes, methods, end === "closed");
      if (end === "open" && responses.length < methods.length) return;
      if (responses.length === methods.length && position < bytes.length) {
        throw new ProtocolViolation(`after the last response: ${JSON.stringify(bytes.toString("latin1", position))}`);
      }
      settle(() => resolve({ responses, interim, end, unfinished: bytes.subarray(position) }));
    } catch (error) {
      settle(() => reject(error));
    }
  };
  const settle = (how: () => void) => {
    clearTimeout(timer);
    done.abort();
    news.resolve();
    socket.destroy();
    how();
  };
  const timer = setTimeout(() => {
    const came = JSON.stringify(Buffer.concat(chunks).toString("latin1").slice(0, 500));
    settle(() => reject(new Error(`no ${until} within ${deadlineMs} ms; what came: ${came}`)));
  }, deadlineMs);

  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    news.resolve();
    news = Promise.withResolvers();
    if (until === "responses") look("open");
  });
  socket.on("end", () => look("closed"));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    // EPIPE: the server closed while we were still sending; what it said before is there to be read.
    if (error.code === "ECONNRESET" || error.code === "EPIPE") look("reset");
    else settle(() => reject(error));
  });
  /** Sends the pieces one by one; stops when the exchange is over. */
  const send = async () => {
    let asked = 0;
    for (const piece of [pieces].flat()) {
      if (typeof piece === "number") {
        await Bun.sleep(piece);
      } else if (typeof piece === "object" && "kind" in piece) {
        asked++;
        while (!done.signal.aborted && readAll(Buffer.concat(chunks), methods, false).responses.length < asked) {
          await news.promise;
        }
      } else if (!done.signal.aborted) {
        socket.write(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece);
      }
    }
  };
  socket.on("connect", () => void send().catch((error: unknown) => settle(() => reject(error))));
  return promise;
}

function readAll(bytes: Buffer, methods: readonly string[], ended: boolean) {
  const responses: RawResponse[] = [];
  const interim: RawResponse[] = [];
  let position = 0;
  while (responses.length < methods.length) {
    const parsed = parseResponse(bytes, position, methods[responses.length]!, ended);
    if (parsed === null) break;
    (parsed.response.status < 200 ? interim : responses).push(parsed.response);
    position = parsed.end;
  }
  return { responses, interim, position };
}
