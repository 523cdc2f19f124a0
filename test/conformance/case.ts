/** What a conformance case is, and how one is judged. */
import { exchange, type Piece } from "../helpers/raw_http.ts";
import type { RawResponse } from "../helpers/raw_response.ts";

export interface Expected {
  /** One status, or those between which the standard leaves the choice. */
  readonly status: number | readonly number[];
  /** By name: the exact value, a pattern, or null for one that must not be there. */
  readonly headers?: Readonly<Record<string, string | RegExp | null>>;
  /** Exactly, as latin1; or a pattern in it. */
  readonly body?: string | RegExp;
}

export interface ConformanceCase {
  readonly name: string;
  /** Sent as latin1. `{etag}` stands for the ETag of /file.txt, `{port}` for the server's port. */
  readonly request: Piece | readonly Piece[];
  readonly method?: string;
  /** Methods of all requests in `request`, when there are several. */
  readonly methods?: readonly string[];
  /** Of the first response, and the others in order. Null: the connection is closed without one. */
  readonly expected: Expected | readonly Expected[] | null;
  /** A connection that is closed in order without any answer is right as well: the client asks again. */
  readonly mayClose?: boolean;
  /** What `--front node` does instead, where the standard leaves the choice. */
  readonly onNode?: Expected | null;
  /** Which of the two web servers is asked: the one with --autoindex, or (default) the plain one. */
  readonly autoindex?: boolean;
}

export interface Target {
  readonly port: number;
  readonly etag: string;
  readonly front: "bun" | "node";
}

/** A GET that asks the server to close. */
export function get(target: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): string {
  const lines = Object.entries({ Host: "localhost", ...headers, Connection: "close" });
  return `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** A case of one GET. */
export function getCase(
  target: string,
  expected: Expected,
  headers: Readonly<Record<string, string>> = {},
  more: Partial<ConformanceCase> = {},
): ConformanceCase {
  const described = Object.entries(headers).map(([name, value]) => ` ${name}: ${value}`);
  const name = printable(`GET ${target}${described.join(",")}`).slice(0, 120);
  return { name, request: get(target, headers), expected, ...more };
}

export function headCase(target: string, expected: Expected, headers: Readonly<Record<string, string>> = {}) {
  const one = getCase(target, expected, headers);
  return { ...one, name: `HEAD${one.name.slice(3)}`, request: get(target, headers, "HEAD"), method: "HEAD" };
}

/** What is wrong with the answers to a case; empty when nothing is. */
export async function judge(one: ConformanceCase, { port, etag, front }: Target): Promise<readonly string[]> {
  const fill = (piece: Piece) =>
    typeof piece === "string" ? piece.replaceAll("{etag}", etag).replaceAll("{port}", String(port)) : piece;
  const pieces = [one.request].flat().map(fill);
  const methods = one.methods ?? [one.method ?? "GET"];
  const { responses, end, unfinished } = await exchange(pieces, { port, methods });
  const wanted = front === "node" && one.onNode !== undefined ? one.onNode : one.expected;
  if (wanted === null) return responses.length === 0 ? [] : [`${responses[0]!.status}, expected no answer`];
  if (one.mayClose === true && responses.length === 0 && unfinished.length === 0) return [];
  const expected = [wanted].flat();
  const wrong = expected.flatMap((each, index) => {
    const response = responses[index];
    return response === undefined ? [`no answer ${index + 1}`] : judgeResponse(each, response);
  });
  if (responses.length > expected.length) wrong.push(`${responses.length} answers`);
  if (end !== "closed") wrong.push(`the connection was ${end}`);
  if (unfinished.length > 0) wrong.push(`an unfinished answer: ${JSON.stringify(unfinished.toString("latin1"))}`);
  return wrong;
}

function judgeResponse(expected: Expected, response: RawResponse): string[] {
  const wrong: string[] = [];
  if (![expected.status].flat().includes(response.status)) {
    wrong.push(`status ${response.status}, expected ${[expected.status].flat().join(" or ")}`);
  }
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    const actual = response.header(name);
    const isRight = value instanceof RegExp ? actual !== null && value.test(actual) : actual === value;
    if (!isRight) wrong.push(`${name}: ${actual}, expected ${String(value)}`);
  }
  const { body } = expected;
  const actual = response.body.toString("latin1");
  if (body instanceof RegExp ? !body.test(actual) : body !== undefined && actual !== body) {
    wrong.push(
      `body ${JSON.stringify(actual.slice(0, 200))} (${actual.length} bytes), expected ${String(body).slice(0, 200)}`,
    );
  }
  return [...wrong, ...violations(response)];
}

/** What must hold for every answer of ours. */
function violations(response: RawResponse): string[] {
  const { status } = response;
  const wrong: string[] = [];
  // What Bun refuses by itself carries no Date (docs/web-server.md); so do our answers before we have looked further.
  const isBuns = response.headers.length === 1 && response.header("connection") === "close";
  if (!isBuns && response.header("date") === null) wrong.push("no Date");
  if (response.header("server") !== null || response.header("x-powered-by") !== null) wrong.push("names its software");
  if (response.header("x-served-by") !== null) wrong.push("names the Chirp server");
  if (response.body.length > 0 && status >= 400) {
    if (/127\.0\.0\.1|node_modules|\.ts\b|\bat .*:\d+:\d+|chirp/i.test(response.body.toString("latin1"))) {
      wrong.push("the page tells of the inside");
    }
    if (!/default-src 'none'/.test(response.header("content-security-policy") ?? ""))
      wrong.push("a page without policy");
  }
  if (status === 405 && response.header("allow") !== "GET, HEAD, OPTIONS") wrong.push("405 without Allow");
  return wrong;
}

export function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
