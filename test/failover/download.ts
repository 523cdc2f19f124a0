/** One download over one TCP connection, with things happening in the middle of it. */
import { connect } from "node:net";
import { parseResponse, type RawResponse } from "../helpers/raw_response.ts";

export interface DownloadOptions {
  readonly port: number;
  readonly path: string;
  /** When so many bytes have come the client reads no further until this is done. */
  readonly at?: { readonly bytes: number; readonly act: () => void | Promise<void> };
  /** Called with the head of the response, as text; false hangs up. */
  readonly onHead?: (head: string) => boolean;
  /** Reads no faster than this, so that the server cannot run ahead. */
  readonly bytesPerMs?: number;
  readonly headers?: readonly string[];
  readonly limitMs?: number;
}

export interface Download {
  /** The response if it is whole, in its own framing's terms; null: no client would take it for whole. */
  readonly response: RawResponse | null;
  /** `closed`: the server ended the connection in order; `reset`: it broke it; `hungUp`: we did. */
  readonly end: "closed" | "reset" | "hungUp";
  /** Bytes that came, headers and framing included. */
  readonly bytes: number;
  /** What came. */
  readonly raw: Buffer;
  /** The longest time without a byte after the first one, the pause for `at` not counted. */
  readonly longestSilenceMs: number;
}

const LIMIT_MS = 40_000;

export async function download(options: DownloadOptions): Promise<Download> {
  const { port, path, at, onHead, bytesPerMs = Infinity, headers = [], limitMs = LIMIT_MS } = options;
  const socket = connect(port, "127.0.0.1");
  const { promise, resolve, reject } = Promise.withResolvers<Download["end"]>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  let hasHead = onHead === undefined;
  let hasActed = at === undefined;
  let lastAt = 0;
  let longestSilenceMs = 0;
  const timer = setTimeout(() => reject(new Error(`${path} has not ended within ${limitMs} ms`)), limitMs);
  socket.on("connect", () => {
    const lines = [`GET ${path} HTTP/1.1`, "Host: test", "Connection: close", ...headers];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  });

  async function rest(ms: number): Promise<void> {
    socket.pause();
    await Bun.sleep(ms);
    lastAt = performance.now();
    socket.resume();
  }

  async function actNow(act: () => void | Promise<void>): Promise<void> {
    hasActed = true;
    socket.pause();
    await act();
    lastAt = performance.now();
    socket.resume();
  }

  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    const now = performance.now();
    if (lastAt > 0) longestSilenceMs = Math.max(longestSilenceMs, now - lastAt);
    lastAt = now;
    if (!hasHead) {
      const text = Buffer.concat(chunks).toString("latin1");
      const headEnd = text.indexOf("\r\n\r\n");
      hasHead = headEnd >= 0;
      if (hasHead && !onHead!(text.slice(0, headEnd))) return resolve("hungUp");
    }
    if (!hasActed && bytes >= at!.bytes) actNow(at!.act).catch(reject);
    else if (bytesPerMs < Infinity) rest(chunk.length / bytesPerMs).catch(reject);
  });
  socket.on("end", () => resolve("closed"));
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ECONNRESET") resolve("reset");
    else reject(error);
  });
  socket.on("close", () => resolve("reset"));
  try {
    const end = await promise;
    const raw = Buffer.concat(chunks);
    const response = parseResponse(raw, 0, "GET", end === "closed")?.response ?? null;
    return { response, end, bytes, raw, longestSilenceMs };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** Bytes that no shift or mixture of pieces could pass for: every 8 bytes tell where they are, and what version. */
export function testBytes(size: number, version = 0): Buffer {
  const numbers = new BigUint64Array(Math.ceil(size / 8));
  for (let index = 0; index < numbers.length; index++) numbers[index] = BigInt(index) * 256n + BigInt(version);
  return Buffer.from(numbers.buffer).subarray(0, size);
}

export function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}
