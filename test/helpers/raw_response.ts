/**
 * Reads HTTP/1.1 responses out of bytes, and forgives nothing: what a lenient client would overlook (two lengths, a bare
 * line feed, bytes after a 304) is what tests look for.
 */

export interface RawResponse {
  readonly status: number;
  /** As they came: order, case and duplicates kept. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Without the framing of chunks. */
  readonly body: Buffer;
  readonly framing: "none" | "length" | "chunked" | "close";
  /** The value of a header, null when it is not there; fails when it is there twice. */
  header(name: string): string | null;
}

/** Bytes that are no HTTP response. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
}

export interface ParsedResponse {
  readonly response: RawResponse;
  /** Where the next response begins. */
  readonly end: number;
}

/**
 * The response that begins at `start`, or null when its end has not arrived. `method` is that of the request: a HEAD has no
 * body whatever its headers say. `ended`: nothing more will come.
 */
export function parseResponse(bytes: Buffer, start: number, method: string, ended: boolean): ParsedResponse | null {
  const headEnd = bytes.indexOf("\r\n\r\n", start);
  if (headEnd < 0) return null;
  const head = bytes.toString("latin1", start, headEnd);
  const [statusLine = "", ...lines] = head.split("\r\n");
  const status = Number(/^HTTP\/1\.1 ([1-5]\d\d) [\t\x20-\x7e\x80-\xff]*$/.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new ProtocolViolation(`no status line: ${JSON.stringify(statusLine)}`);
  const headers = lines.map(parseHeader);
  const header = (name: string) => single(headers, name);
  const framing = framingOf(status, method, header);
  const body = readBody(bytes, headEnd + 4, framing, header("content-length"), ended);
  return body === null ? null : { response: { status, headers, header, framing, body: body.bytes }, end: body.end };
}

function parseHeader(line: string): readonly [string, string] {
  const match =
    /^([!#$%&'*+\-.^_`|~\w]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/.exec(
      line,
    );
  if (match === null) throw new ProtocolViolation(`no header: ${JSON.stringify(line)}`);
  return [match[1]!, match[2]!];
}

function single(headers: RawResponse["headers"], name: string): string | null {
  const values = headers.filter(([other]) => other.toLowerCase() === name.toLowerCase());
  if (values.length > 1) throw new ProtocolViolation(`${name} is there ${values.length} times`);
  return values[0]?.[1] ?? null;
}

function framingOf(status: number, method: string, header: (name: string) => string | null): RawResponse["framing"] {
  const length = header("content-length");
  const encoding = header("transfer-encoding");
  if (length !== null && encoding !== null) throw new ProtocolViolation("both a length and a transfer encoding");
  if (length !== null && !/^\d{1,15}$/.test(length)) throw new ProtocolViolation(`Content-Length: ${length}`);
  if (encoding !== null && encoding !== "chunked") throw new ProtocolViolation(`Transfer-Encoding: ${encoding}`);
  if (status < 200 || status === 204) {
    if (length !== null || encoding !== null) throw new ProtocolViolation(`${status} with a length`);
    return "none";
  }
  if (method === "HEAD" || status === 304) return "none";
  return encoding !== null ? "chunked" : length !== null ? "length" : "close";
}

function readBody(
  bytes: Buffer,
  start: number,
  framing: RawResponse["framing"],
  length: string | null,
  ended: boolean,
): { readonly bytes: Buffer; readonly end: number } | null {
  switch (framing) {
    case "none":
      return { bytes: Buffer.alloc(0), end: start };
    case "length": {
      const end = start + Number(length);
      return end <= bytes.length ? { bytes: bytes.subarray(start, end), end } : null;
    }
    case "chunked":
      return readChunks(bytes, start);
    case "close":
      return ended ? { bytes: bytes.subarray(start), end: bytes.length } : null;
  }
}

function readChunks(bytes: Buffer, start: number): { readonly bytes: Buffer; readonly end: number } | null {
  const chunks: Buffer[] = [];
  let position = start;
  while (true) {
    const lineEnd = bytes.indexOf("\r\n", position);
    if (lineEnd < 0) return null;
    const line = bytes.toString("latin1", position, lineEnd);
    if (!/^[0-9A-Fa-f]{1,12}$/.test(line)) throw new ProtocolViolation(`no chunk size: ${JSON.stringify(line)}`);
    const chunkEnd = lineEnd + 2 + Number.parseInt(line, 16);
    if (bytes.length < chunkEnd + 2) return null;
    if (bytes.toString("latin1", chunkEnd, chunkEnd + 2) !== "\r\n") throw new ProtocolViolation("no end of chunk");
    chunks.push(bytes.subarray(lineEnd + 2, chunkEnd));
    position = chunkEnd + 2;
    if (chunkEnd === lineEnd + 2) return { bytes: Buffer.concat(chunks), end: position };
  }
}
