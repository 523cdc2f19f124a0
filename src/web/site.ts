/**
 * The site: from a Request to a Response. What to answer is decided by pure modules (request_check, request_path,
 * respond_plan); where the bytes come from, by memory_path, resource and finder.
 */
import { NoAnswerError } from "../replicas/ask.ts";
import type { BytePath } from "../protocol.ts";
import { cacheUseOf, newTrace, type CacheUse, type Trace } from "./trace.ts";
import { htmlPageHeaders } from "./html.ts";
import { listingHtml, listingJson, prefersJson } from "./listing.ts";
import { mediaTypeOf } from "./media_type.ts";
import type { MemoryPath } from "./memory_path.ts";
import { allowedMethods, errorPage, type ErrorStatus } from "./pages.ts";
import type { Representations } from "./representations.ts";
import { checkRequest } from "./request_check.ts";
import { directoryLocation, parseRequestPath } from "./request_path.ts";
import type { FileResource, ResourceFinder } from "./resource.ts";
import { respondFromMemory, type OnEnd, type Responder } from "./responder.ts";
import { planResponse } from "./respond_plan.ts";
import { answerWith, answerWithPage, type Visit } from "./visit.ts";

/** What became of a request, for log and metrics. */
export interface Outcome {
  readonly status: number;
  readonly bytes: number;
  readonly trace: Readonly<Trace>;
  /** Milliseconds until the response was ready to be sent, and until it was handed over. */
  readonly ttfbMs: number;
  readonly durationMs: number;
  readonly cache: CacheUse | null;
  /** Why the connection was reset in the middle of the body; null when it was not. */
  readonly error: Error | null;
}

export interface SiteOptions {
  readonly memoryPath: MemoryPath;
  readonly resources: ResourceFinder;
  readonly representations: Representations;
  readonly responder: Responder;
  /** Bytes that a path may have, see pathLimitUnder. */
  readonly pathLimit: number;
  /** Milliseconds to the first byte of a response. */
  readonly timeoutMs: number;
  /** Paths of the site's own error pages by status. */
  readonly errorPages: ReadonlyMap<number, BytePath>;
  /** Requests that may be under way; one more is answered 503. */
  readonly requestsMax: number;
  /** Send X-Served-By. */
  readonly debugHeaders: boolean;
  readonly onUnexpected: (error: unknown) => void;
}

/** Called once, when the body was handed over, or failed. */
export type OnOutcome = (outcome: Outcome) => void;

/** The part of Request that is looked at. */
export interface SiteRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

export type Site = (request: SiteRequest, onOutcome: OnOutcome) => Response | Promise<Response>;

interface Target {
  readonly path: BytePath;
  readonly trailingSlash: boolean;
  readonly query: string;
}

/** A version that changes between being found and being opened is looked for again so often. */
const OPEN_TRIES = 3;

export function createSite(options: SiteOptions): Site {
  const { memoryPath, resources, representations, responder } = options;
  let underway = 0;

  function fromMemory(visit: Visit, { path, trailingSlash }: Target, onEnd: OnEnd): Response | null {
    const found = memoryPath.find(path, trailingSlash, visit.headers.get("accept-encoding"));
    if (found === null) return null;
    const plan = planResponse(visit.method, visit.headers, found.representation, nowSeconds(), randomBoundary);
    visit.status = plan.status;
    visit.trace.server = found.member.replica.server;
    found.member.requests++;
    return respondFromMemory(plan, found.resource.file.content, plan.headers, onEnd);
  }

  async function serveFile(visit: Visit, resource: FileResource, onEnd: OnEnd): Promise<Response> {
    const representation = representations.of(resource);
    const plan = planResponse(visit.method, visit.headers, representation, nowSeconds(), randomBoundary);
    visit.status = plan.status;
    return await responder.respond(plan, resource.file, visit.trace, plan.headers, onEnd);
  }

  /** The site's own page for a status where there is one that can be had, else ours. */
  async function serveError(visit: Visit, status: ErrorStatus, onEnd: OnEnd): Promise<Response> {
    const path = options.errorPages.get(status);
    if (path === undefined) return answerWithPage(visit, status, onEnd);
    try {
      const question = { path, trailingSlash: false, acceptEncoding: null, deadline: visit.deadline };
      const resource = await resources.find(question, visit.trace);
      const content = resource.kind === "file" ? resource.file.content : null;
      if (content === null) return answerWithPage(visit, status, onEnd);
      const { "Content-Security-Policy": _, ...fields } = errorPage(status).headers;
      return answerWith(visit, status, { ...fields, "Content-Type": mediaTypeOf(path) }, content.blob, onEnd);
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      return answerWithPage(visit, status, onEnd);
    }
  }

  async function serveResource(visit: Visit, { path, trailingSlash, query }: Target, onEnd: OnEnd): Promise<Response> {
    const acceptEncoding = visit.headers.get("accept-encoding");
    const question = { path, trailingSlash, acceptEncoding, deadline: visit.deadline };
    const resource = await resources.find(question, visit.trace);
    switch (resource.kind) {
      case "file":
        return await serveFile(visit, resource, onEnd);
      case "redirect":
        return answerWith(visit, 301, { Location: directoryLocation(path, query) }, "", onEnd);
      case "listing": {
        const isJson = prefersJson(visit.headers.get("accept"));
        const body = isJson ? listingJson(path, resource.entries) : listingHtml(path, resource.entries);
        const fields = isJson ? { "Content-Type": "application/json; charset=utf-8" } : htmlPageHeaders();
        return answerWith(visit, 200, { ...fields, Vary: "Accept", "Cache-Control": "no-cache" }, body, onEnd);
      }
      case "missing":
        return await serveError(visit, 404, onEnd);
      case "denied":
        return await serveError(visit, 403, onEnd);
    }
  }

  async function serveTarget(visit: Visit, target: Target, onEnd: OnEnd): Promise<Response> {
    if (underway >= options.requestsMax) return answerWithPage(visit, 503, onEnd);
    underway++;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await serveResource(visit, target, onEnd);
        } catch (error) {
          if (!(error instanceof NoAnswerError)) throw error;
          const isChanged = error.failures.some(({ blame }) => blame === "version");
          const isTooLate = attempt === OPEN_TRIES || performance.now() > visit.deadline;
          if (!isChanged || isTooLate) return await serveError(visit, 503, onEnd);
        }
      }
    } finally {
      underway--;
    }
  }

  /** At once where memory has the answer. */
  function answer(visit: Visit, { method, url, headers }: SiteRequest, onEnd: OnEnd): Response | Promise<Response> {
    const check = checkRequest(method, headers);
    if (method === "HEAD") visit.method = "HEAD";
    if (check.kind === "refuse") return answerWithPage(visit, check.status, onEnd, check.close);
    if (check.kind === "options") return answerWith(visit, 204, { Allow: allowedMethods }, "", onEnd);
    const target = parseRequestPath(url, options.pathLimit);
    if (target.kind === "bad") return answerWithPage(visit, 400, onEnd);
    if (target.kind === "notFound") return serveError(visit, 404, onEnd);
    return fromMemory(visit, target, onEnd) ?? serveTarget(visit, target, onEnd);
  }

  return (request, onOutcome) => {
    const startedAt = performance.now();
    const trace = newTrace();
    const deadline = startedAt + options.timeoutMs;
    const visit: Visit = { method: "GET", headers: request.headers, trace, deadline, status: 200 };
    let readyAt = 0;
    const onEnd: OnEnd = ({ bytes, error }) => {
      const durationMs = performance.now() - startedAt;
      const ttfbMs = readyAt === 0 ? durationMs : readyAt - startedAt;
      onOutcome({ status: visit.status, bytes, trace, ttfbMs, durationMs, cache: cacheUseOf(trace), error });
    };
    const failed = (error: unknown): Response => {
      options.onUnexpected(error);
      return answerWithPage(visit, 500, onEnd);
    };
    const finish = (response: Response): Response => {
      readyAt = performance.now();
      if (options.debugHeaders && trace.server !== null) response.headers.set("X-Served-By", trace.server);
      return response;
    };
    try {
      const response = answer(visit, request, onEnd);
      return response instanceof Response ? finish(response) : response.then(finish, failed);
    } catch (error) {
      return failed(error);
    }
  };
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** 24 characters that no file holds by chance. */
function randomBoundary(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("hex");
}
