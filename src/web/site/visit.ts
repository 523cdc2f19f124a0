/** One request under way, and the answers that need no file. */
import { newTrace, type Trace } from "../content/trace.ts";
import { formatHttpDate } from "../http/http_date.ts";
import { errorPage, type ErrorStatus } from "../pages/pages.ts";
import type { OnEnd } from "./responder.ts";

export interface Visit {
  method: "GET" | "HEAD";
  readonly headers: Headers;
  readonly trace: Trace;
  /** performance.now() when it came. */
  readonly startedAt: number;
  /** performance.now() by which the first byte must be there. */
  readonly deadline: number;
  /** Of the answer, once it is decided. */
  status: number;
  /** performance.now() when the response was ready to be sent, and when its body was handed over; 0: not yet. */
  readyAt: number;
  endedAt: number;
}

export function newVisit(headers: Headers, timeoutMs: number): Visit {
  const startedAt = performance.now();
  const deadline = startedAt + timeoutMs;
  return { method: "GET", headers, trace: newTrace(), startedAt, deadline, status: 200, readyAt: 0, endedAt: 0 };
}

/** An answer of ours. With HEAD there is no body, and a Date, which Bun leaves out then. */
export function answerWith(
  visit: Visit,
  status: number,
  fields: Readonly<Record<string, string>>,
  body: string | Blob,
  onEnd: OnEnd,
): Response {
  visit.status = status;
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.size;
  const headers = new Headers(fields);
  if (status !== 204) headers.set("Content-Length", String(length));
  const isHead = visit.method === "HEAD";
  if (isHead) headers.set("Date", formatHttpDate(Math.floor(Date.now() / 1000)));
  onEnd({ bytes: isHead ? 0 : length, error: null });
  return new Response(isHead || status === 204 ? null : body, { status, headers });
}

/** The page of an error. `close`: with the end of the connection, since nobody knows where the next request begins. */
export function answerWithPage(visit: Visit, status: ErrorStatus, onEnd: OnEnd, close = false): Response {
  const { headers, html } = errorPage(status);
  return answerWith(visit, status, close ? { ...headers, Connection: "close" } : headers, html, onEnd);
}
