/**
 * The site: from a Request to a Response. What to answer is decided by pure modules (request_check, request_path,
 * respond_plan); where the bytes come from, by resource and finder.
 */
import { NoAnswerError } from "../replicas/ask.ts";
import type { BytePath, FileStat } from "../protocol.ts";
import type { CacheControlOf } from "./cache_control.ts";
import { createEtag } from "./etag.ts";
import type { Trace } from "./finder.ts";
import { htmlPageHeaders } from "./html.ts";
import { listingHtml, listingJson, prefersJson } from "./listing.ts";
import { mediaTypeOf } from "./media_type.ts";
import { allowedMethods, errorPage, type ErrorStatus } from "./pages.ts";
import { checkRequest } from "./request_check.ts";
import { directoryLocation, parseRequestPath } from "./request_path.ts";
import type { Resource, ResourceFinder } from "./resource.ts";
import type { OnEnd, Responder } from "./responder.ts";
import { planResponse, prepareRepresentation, type Representation } from "./respond_plan.ts";

/** What became of a request, for log and metrics. Called when the body was handed over, or failed. */
export interface Outcome {
  readonly status: number;
  readonly bytes: number;
  readonly trace: Readonly<Trace>;
  /** Milliseconds until the response was ready to be sent. */
  readonly ttfbMs: number;
  /** Why the connection was reset in the middle of the body; null when it was not. */
  readonly error: Error | null;
}

export interface SiteOptions {
  readonly resources: ResourceFinder;
  readonly responder: Responder;
  readonly cacheControlOf: CacheControlOf;
  /** Bytes that a path may have, see pathLimitUnder. */
  readonly pathLimit: number;
  /** Milliseconds to the first byte of a response. */
  readonly timeoutMs: number;
  /** Paths of the site's own error pages by status. */
  readonly errorPages: ReadonlyMap<number, BytePath>;
  /** Send X-Served-By. */
  readonly debugHeaders: boolean;
  readonly onUnexpected: (error: unknown) => void;
}

export type OnOutcome = (outcome: Outcome) => void;

/** The part of Request that is looked at. */
export interface SiteRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

export type Site = (request: SiteRequest, onOutcome: OnOutcome) => Promise<Response>;

/** A version that changes between being found and being opened is looked for again so often. */
const OPEN_TRIES = 3;

export function createSite(options: SiteOptions): Site {
  const representations = new WeakMap<FileStat, { readonly of: Resource; readonly representation: Representation }>();

  /** Headers and validators of a file, computed once for each stat that the listings hold. */
  function representationOf(resource: Resource & { kind: "file" }): Representation {
    const { file, path, encoding, varies } = resource;
    const known = representations.get(file.stat);
    if (known !== undefined && saysTheSame(known.of, resource)) return known.representation;
    const { size, mtime } = file.stat;
    const representation = prepareRepresentation(
      {
        size,
        mtime,
        etag: createEtag(file.content, file.stat),
        mediaType: mediaTypeOf(path),
        encoding,
        varies,
        cacheControl: options.cacheControlOf(path),
      },
      nowSeconds(),
    );
    representations.set(file.stat, { of: resource, representation });
    return representation;
  }

  async function serveFile(request: Visit, resource: Resource & { kind: "file" }, onEnd: OnEnd) {
    const { method, headers } = request;
    const representation = representationOf(resource);
    const plan = planResponse(method, headers, representation, nowSeconds(), randomBoundary);
    request.status = plan.status;
    let { headers: planned } = plan;
    if (options.debugHeaders) {
      planned = new Headers(planned);
      planned.set("X-Served-By", resource.file.member.replica.server);
    }
    return await options.responder.respond(plan, resource.file, request.trace, planned, onEnd);
  }

  function servePage(request: Visit, status: ErrorStatus, onEnd: OnEnd, close = false): Response {
    const page = errorPage(status);
    request.status = status;
    const headers = new Headers(page.headers);
    if (close) headers.set("Connection", "close");
    if (options.debugHeaders && request.trace.server !== null) headers.set("X-Served-By", request.trace.server);
    onEnd({ bytes: request.method === "HEAD" ? 0 : page.html.length, error: null });
    return new Response(request.method === "HEAD" ? null : page.html, { status, headers });
  }

  /** The site's own page for a status where there is one that can be had, else ours. */
  async function serveError(request: Visit, status: ErrorStatus, onEnd: OnEnd): Promise<Response> {
    const path = options.errorPages.get(status);
    if (path === undefined) return servePage(request, status, onEnd);
    try {
      const { deadline } = request;
      const question = { path, trailingSlash: false, acceptEncoding: null, deadline };
      const resource = await options.resources.find(question, request.trace);
      const content = resource.kind === "file" ? resource.file.content : null;
      if (content === null) return servePage(request, status, onEnd);
      const headers = new Headers(errorPage(status).headers);
      headers.set("Content-Type", mediaTypeOf(path));
      headers.set("Content-Length", String(content.blob.size));
      headers.delete("Content-Security-Policy");
      request.status = status;
      onEnd({ bytes: request.method === "HEAD" ? 0 : content.blob.size, error: null });
      return new Response(request.method === "HEAD" ? null : content.blob, { status, headers });
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      return servePage(request, status, onEnd);
    }
  }

  async function serveResource(request: Visit, target: Target, onEnd: OnEnd): Promise<Response> {
    const acceptEncoding = request.headers.get("accept-encoding");
    const { path, trailingSlash } = target;
    const resource = await options.resources.find(
      { path, trailingSlash, acceptEncoding, deadline: request.deadline },
      request.trace,
    );
    switch (resource.kind) {
      case "file":
        return await serveFile(request, resource, onEnd);
      case "redirect":
        return plain(request, 301, { Location: directoryLocation(path, target.query) }, "", onEnd);
      case "listing": {
        const isJson = prefersJson(request.headers.get("accept"));
        const body = isJson ? listingJson(path, resource.entries) : listingHtml(path, resource.entries);
        const type = isJson ? { "Content-Type": "application/json; charset=utf-8" } : htmlPageHeaders();
        return plain(request, 200, { ...type, Vary: "Accept", "Cache-Control": "no-cache" }, body, onEnd);
      }
      case "missing":
        return await serveError(request, 404, onEnd);
      case "denied":
        return await serveError(request, 403, onEnd);
    }
  }

  async function answer(request: Visit, url: string, onEnd: OnEnd): Promise<Response> {
    const target = parseRequestPath(url, options.pathLimit);
    if (target.kind === "bad") return servePage(request, 400, onEnd);
    if (target.kind === "notFound") return await serveError(request, 404, onEnd);
    for (let attempt = 1; ; attempt++) {
      try {
        return await serveResource(request, target, onEnd);
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error;
        const isChanged = error.failures.some(({ blame }) => blame === "version");
        if (!isChanged || attempt === OPEN_TRIES || performance.now() > request.deadline) {
          return await serveError(request, 503, onEnd);
        }
      }
    }
  }

  return async ({ method, url, headers }, onOutcome) => {
    const startedAt = performance.now();
    const trace: Trace = { tries: 0, switches: 0, hedged: false, server: null };
    const deadline = startedAt + options.timeoutMs;
    const request: Visit = { method: "GET", headers, trace, deadline, status: 200 };
    let ttfbMs = 0;
    const onEnd: OnEnd = ({ bytes, error }) => {
      onOutcome({ status: request.status, bytes, trace, ttfbMs: ttfbMs || performance.now() - startedAt, error });
    };
    try {
      const check = checkRequest(method, headers);
      if (method === "HEAD") request.method = "HEAD";
      if (check.kind === "refuse") return servePage(request, check.status, onEnd, check.close);
      if (check.kind === "options") return plain(request, 204, { Allow: allowedMethods }, "", onEnd);
      const response = await answer(request, url, onEnd);
      ttfbMs = performance.now() - startedAt;
      return response;
    } catch (error) {
      options.onUnexpected(error);
      return servePage(request, 500, onEnd);
    }
  };
}

/** A compressed copy can be asked for by its own name too, and contents may change under one stat within a second. */
function saysTheSame(a: Resource, b: Resource & { kind: "file" }): boolean {
  return (
    a.kind === "file" &&
    a.path === b.path &&
    a.encoding === b.encoding &&
    a.varies === b.varies &&
    a.file.content?.hash === b.file.content?.hash
  );
}

interface Target {
  readonly path: BytePath;
  readonly trailingSlash: boolean;
  readonly query: string;
}

/** A request under way. */
interface Visit {
  method: "GET" | "HEAD";
  readonly headers: Headers;
  readonly trace: Trace;
  readonly deadline: number;
  status: number;
}

function plain(request: Visit, status: number, headers: Record<string, string>, body: string, onEnd: OnEnd): Response {
  request.status = status;
  const bytes = Buffer.byteLength(body);
  const isHead = request.method === "HEAD";
  onEnd({ bytes: isHead ? 0 : bytes, error: null });
  const length = status === 204 ? {} : { "Content-Length": String(bytes) };
  return new Response(isHead || status === 204 ? null : body, { status, headers: { ...headers, ...length } });
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** 24 characters that no file holds by chance. */
function randomBoundary(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("hex");
}
