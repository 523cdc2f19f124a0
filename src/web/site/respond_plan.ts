/**
 * The whole answer to a GET or HEAD of something that exists, as data: status, headers, and which bytes to send. Whoever
 * carries it out only fetches bytes.
 */
import { evaluateConditions, rangeApplies, type RequestHeaders, type Validators } from "../http/conditions.ts";
import { formatHttpDate } from "../http/http_date.ts";
import { contentRange, frameMultipart, type Multipart } from "../http/multipart.ts";
import { errorPage } from "../pages/pages.ts";
import { type ByteRange, parseRange } from "../http/range.ts";

/** What is known of the bytes that would be sent as 200. */
export interface RepresentationMetadata {
  readonly size: number;
  /** Whole seconds since 1970. */
  readonly mtime: number;
  /** Strong, with its quotes; null when the contents are not known well enough for one. */
  readonly etag: string | null;
  /** Value of Content-Type. */
  readonly mediaType: string;
  /** Value of Content-Encoding; null for a file sent as it is. */
  readonly encoding: string | null;
  /** Whether there are other encodings of it, so that Accept-Encoding decided. */
  readonly varies: boolean;
  readonly cacheControl: string | null;
}

export type PlannedBody =
  | { readonly kind: "none" }
  /** All of the representation. */
  | { readonly kind: "whole" }
  | { readonly kind: "range"; readonly range: ByteRange }
  | { readonly kind: "multipart"; readonly multipart: Multipart }
  /** A page of ours. */
  | { readonly kind: "page"; readonly html: string };

export interface ResponsePlan {
  readonly status: 200 | 206 | 304 | 412 | 416;
  /** Shared between responses: copy before changing. Content-Length is right wherever there is one. */
  readonly headers: Headers;
  readonly body: PlannedBody;
}

export interface Representation extends RepresentationMetadata {
  /** Its mtime is null without an etag, and when it lies in the future: such a date must not be sent (RFC 9110, 8.8.2.1). */
  readonly validators: Validators;
  /** The answer to a GET without conditions and ranges, ready. */
  readonly wholePlan: ResponsePlan;
}

const noBody: PlannedBody = { kind: "none" };
const wholeBody: PlannedBody = { kind: "whole" };

/** Computes once what all answers from this representation share. */
export function prepareRepresentation(metadata: RepresentationMetadata, nowSeconds: number): Representation {
  // What cannot have a tag may change within the second of its mtime, which then proves as little.
  const isProof = metadata.etag !== null && metadata.mtime <= nowSeconds;
  const validators = { etag: metadata.etag, mtime: isProof ? metadata.mtime : null };
  const headers = validatorHeaders(metadata, validators);
  headers.set("Content-Type", metadata.mediaType);
  headers.set("Content-Length", String(metadata.size));
  headers.set("Accept-Ranges", "bytes");
  headers.set("X-Content-Type-Options", "nosniff");
  if (metadata.encoding !== null) headers.set("Content-Encoding", metadata.encoding);
  return { ...metadata, validators, wholePlan: { status: 200, headers, body: wholeBody } };
}

/**
 * The plan for one request. `boundary` is called only when several ranges are to be sent, and makes a random string of
 * letters and digits. A GET without conditions and Range gets the plan that is ready: nothing is allocated.
 */
export function planResponse(
  method: "GET" | "HEAD",
  headers: RequestHeaders,
  representation: Representation,
  nowSeconds: number,
  boundary: () => string,
): ResponsePlan {
  const { wholePlan, validators } = representation;
  const result = evaluateConditions(headers, validators, nowSeconds);
  if (result === "notModified") return notModifiedPlan(representation, nowSeconds);
  if (result === "failed") return pagePlan(412, method, nowSeconds, null);
  // Bun sends no Date with HEAD by itself, and a server with a clock must (RFC 9110, 6.6.1).
  if (method === "HEAD") return { status: 200, headers: dated(wholePlan.headers, nowSeconds), body: noBody };
  const range = headers.get("range");
  if (range === null || !rangeApplies(headers, validators, nowSeconds)) return wholePlan;
  const decision = parseRange(range, representation.size);
  switch (decision.kind) {
    case "whole":
      return wholePlan;
    case "unsatisfiable":
      return pagePlan(416, method, nowSeconds, `bytes */${representation.size}`);
    case "ranges":
      return rangesPlan(representation, decision.ranges, boundary);
  }
}

function rangesPlan(
  { size, mediaType, wholePlan }: Representation,
  ranges: readonly ByteRange[],
  boundary: () => string,
): ResponsePlan {
  const headers = new Headers(wholePlan.headers);
  const [range] = ranges;
  if (range !== undefined && ranges.length === 1) {
    headers.set("Content-Range", contentRange(range, size));
    headers.set("Content-Length", String(range.end - range.start));
    return { status: 206, headers, body: { kind: "range", range } };
  }
  const multipart = frameMultipart(ranges, size, mediaType, boundary());
  headers.set("Content-Type", multipart.contentType);
  headers.set("Content-Length", String(multipart.length));
  return { status: 206, headers, body: { kind: "multipart", multipart } };
}

/** 304 carries what the 200 would say about the version and its keeping, and nothing about a body (RFC 9110, 15.4.5). */
function notModifiedPlan(representation: Representation, nowSeconds: number): ResponsePlan {
  const headers = validatorHeaders(representation, representation.validators);
  return { status: 304, headers: dated(headers, nowSeconds), body: noBody };
}

function pagePlan(status: 412 | 416, method: "GET" | "HEAD", nowSeconds: number, range: string | null): ResponsePlan {
  const page = errorPage(status);
  const headers = new Headers(page.headers);
  if (range !== null) headers.set("Content-Range", range);
  if (method === "HEAD") return { status, headers: dated(headers, nowSeconds), body: noBody };
  return { status, headers, body: { kind: "page", html: page.html } };
}

function validatorHeaders(metadata: RepresentationMetadata, { etag, mtime }: Validators): Headers {
  const headers = new Headers();
  if (etag !== null) headers.set("ETag", etag);
  if (mtime !== null) headers.set("Last-Modified", formatHttpDate(mtime));
  if (metadata.cacheControl !== null) headers.set("Cache-Control", metadata.cacheControl);
  if (metadata.varies) headers.set("Vary", "Accept-Encoding");
  return headers;
}

function dated(headers: Headers, nowSeconds: number): Headers {
  const copy = new Headers(headers);
  copy.set("Date", formatHttpDate(nowSeconds));
  return copy;
}
