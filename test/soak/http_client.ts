/** One client of the web server with its connection, kept from request to request as browsers do. */
import { connect, type Socket } from "node:net";
import { parseResponse, type RawResponse } from "../helpers/raw_response.ts";

export interface ClientRequest {
  readonly method: "GET" | "HEAD" | "POST" | "OPTIONS";
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Hangs up when so many bytes have come. */
  readonly hangUpAfter?: number;
  /** Reads no faster than this. */
  readonly bytesPerMs?: number;
}

export type ClientReply =
  | { readonly kind: "response"; readonly response: RawResponse; readonly ms: number }
  /** No whole response came. `head`: what had come of it, as text. */
  | { readonly kind: "broken"; readonly head: string; readonly bytes: number; readonly ms: number }
  | { readonly kind: "late"; readonly ms: number }
  /** `received`: what had come by then. */
  | { readonly kind: "hungUp"; readonly received: Buffer };

export interface HttpClient {
  ask(request: ClientRequest): Promise<ClientReply>;
  close(): void;
}

/** Above every promise of the server. */
const LIMIT_MS = 60_000;
const chunkedEnd = Buffer.from("0\r\n\r\n");

export function createHttpClient(port: number): HttpClient {
  let socket: Socket | null = null;

  function drop(): void {
    socket?.destroy();
    socket = null;
  }

  function open(): Socket {
    const opened = connect(port, "127.0.0.1");
    socket = opened;
    // Between two requests: the server closed it, so it is not to be used again.
    opened.on("error", () => undefined).once("close", () => void (socket === opened && (socket = null)));
    return opened;
  }

  async function ask(request: ClientRequest): Promise<ClientReply> {
    const start = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<ClientReply>();
    const current = socket ?? open();
    const chunks: Buffer[] = [];
    let bytes = 0;
    let isComplete: (() => boolean) | null = null;
    const ms = () => performance.now() - start;
    const timer = setTimeout(() => resolve({ kind: "late", ms: ms() }), LIMIT_MS);

    function finish(ended: boolean): void {
      try {
        const all = Buffer.concat(chunks);
        const parsed = parseResponse(all, 0, request.method, ended);
        if (parsed === null) {
          if (ended) resolve({ kind: "broken", head: all.toString("latin1", 0, 2_000), bytes, ms: ms() });
          return;
        }
        if (parsed.end !== all.length) throw new Error(`${all.length - parsed.end} bytes after the response`);
        resolve({ kind: "response", response: parsed.response, ms: ms() });
      } catch (error) {
        reject(error);
      }
    }

    /** From the head: how to tell that all is there without reading it all again with every piece that comes. */
    function completeness(): (() => boolean) | null {
      const start = Buffer.concat(chunks);
      const headEnd = start.indexOf("\r\n\r\n");
      if (headEnd < 0) return null;
      const head = start.toString("latin1", 0, headEnd).toLowerCase();
      const length = Number(/^content-length: *(\d+)$/m.exec(head)?.[1] ?? 0);
      const hasBody = request.method !== "HEAD" && !/^http\/1\.1 (204|304)/.test(head);
      if (!hasBody) return () => true;
      if (!/^transfer-encoding: *chunked$/m.test(head)) return () => bytes >= headEnd + 4 + length;
      return () => Buffer.concat(chunks.slice(-5)).subarray(-chunkedEnd.length).equals(chunkedEnd);
    }

    function receive(chunk: Buffer): void {
      chunks.push(chunk);
      bytes += chunk.length;
      if (request.hangUpAfter !== undefined && bytes >= request.hangUpAfter) {
        return resolve({ kind: "hungUp", received: Buffer.concat(chunks) });
      }
      isComplete ??= completeness();
      if (isComplete?.() === true) return finish(false);
      if (request.bytesPerMs === undefined) return;
      current.pause();
      setTimeout(() => current.resume(), chunk.length / request.bytesPerMs);
    }

    const over = () => finish(true);
    current.on("data", receive).on("end", over).on("error", over).on("close", over);
    const lines = Object.entries({ Host: "soak", ...request.headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    current.write(Buffer.from(`${request.method} ${request.target} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"));
    try {
      const reply = await promise;
      if (reply.kind !== "response" || /close/i.test(reply.response.header("connection") ?? "")) drop();
      return reply;
    } catch (error) {
      drop();
      throw error;
    } finally {
      clearTimeout(timer);
      current.off("data", receive).off("end", over).off("close", over).off("error", over);
    }
  }

  return { ask, close: drop };
}
