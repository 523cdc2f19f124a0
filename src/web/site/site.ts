/**
 * The site: from a Request to a Response. What is refused at once is decided here by pure modules (request_check,
 * request_path); all else is up to answers.ts.
 */
import type { Answers } from "./answers.ts";
import { allowedMethods } from "../pages/pages.ts";
import { checkRequest } from "./request_check.ts";
import { createPathMemo } from "../http/path_memo.ts";
import type { OnEnd } from "./responder.ts";
import { cacheUseOf, type CacheUse, type Trace } from "../content/trace.ts";
import { answerWith, answerWithPage, newVisit, type Visit } from "./visit.ts";

/** What became of a request, for log and metrics. */
export interface Outcome {
  readonly status: number;
  readonly bytes: number;
  readonly trace: Readonly<Trace>;
  /** performance.now() when the request came. */
  readonly startedAt: number;
  /** Milliseconds until the response was ready to be sent, and until it was handed over. */
  readonly ttfbMs: number;
  readonly durationMs: number;
  readonly cache: CacheUse | null;
  /** Why the connection was reset in the middle of the body; null when it was not. */
  readonly error: Error | null;
}

export interface SiteOptions {
  readonly answers: Answers;
  /** Bytes that a path may have, see pathLimitUnder. */
  readonly pathLimit: number;
  /** Milliseconds to the first byte of a response. */
  readonly timeoutMs: number;
  /** Send X-Served-By. */
  readonly debugHeaders: boolean;
  readonly onUnexpected: (error: unknown) => void;
}

/** Called once, when the body was handed over, or failed. */
export type OnOutcome = (outcome: Outcome) => void;

/** The part of Request that is looked at. */
export interface SiteRequest {
  readonly method: string;
  /** Absolute, or the target as it was sent. */
  readonly url: string;
  readonly headers: Headers;
}

/** Never throws, never rejects. */
export type Site = (request: SiteRequest, onOutcome: OnOutcome) => Response | Promise<Response>;

export function createSite({ answers, pathLimit, timeoutMs, debugHeaders, onUnexpected }: SiteOptions): Site {
  const parsePath = createPathMemo(pathLimit);

  /** At once where memory has the answer. */
  function answer(visit: Visit, { method, url, headers }: SiteRequest, onEnd: OnEnd): Response | Promise<Response> {
    const check = checkRequest(method, headers);
    if (method === "HEAD") visit.method = "HEAD";
    if (check.kind === "refuse") return answerWithPage(visit, check.status, onEnd, check.close);
    if (check.kind === "options") return answerWith(visit, 204, { Allow: allowedMethods }, "", onEnd);
    const target = parsePath(url);
    if (target.kind === "bad") return answerWithPage(visit, 400, onEnd);
    if (target.kind === "notFound") return answers.error(visit, 404, onEnd);
    return answers.answer(visit, target, onEnd);
  }

  function ready(visit: Visit, response: Response): Response {
    // Of a body that is over already, nobody asks when it was ready.
    if (visit.endedAt === 0) visit.readyAt = performance.now();
    if (debugHeaders && visit.trace.server !== null) response.headers.set("X-Served-By", visit.trace.server);
    return response;
  }

  function failed(visit: Visit, error: unknown, onEnd: OnEnd): Response {
    onUnexpected(error);
    // What went wrong may have done so after the outcome was told.
    return answerWithPage(visit, 500, visit.endedAt === 0 ? onEnd : () => undefined);
  }

  return (request, onOutcome) => {
    const visit = newVisit(request.headers, timeoutMs);
    const onEnd: OnEnd = ({ bytes, error }) => {
      visit.endedAt = performance.now();
      onOutcome(outcomeOf(visit, bytes, error));
    };
    try {
      const response = answer(visit, request, onEnd);
      if (response instanceof Response) return ready(visit, response);
      return response.then(
        (later) => ready(visit, later),
        (error: unknown) => failed(visit, error, onEnd),
      );
    } catch (error) {
      return failed(visit, error, onEnd);
    }
  };
}

function outcomeOf({ status, trace, startedAt, readyAt, endedAt }: Visit, bytes: number, error: Error | null): Outcome {
  const durationMs = endedAt - startedAt;
  const ttfbMs = readyAt === 0 ? durationMs : readyAt - startedAt;
  return { status, bytes, trace, startedAt, ttfbMs, durationMs, cache: cacheUseOf(trace), error };
}
