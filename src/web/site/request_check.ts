/** What is refused before anybody looks at the path: hosts, methods and bodies. */
import type { RequestHeaders } from "../http/conditions.ts";
import { isHostAcceptable } from "../http/host_header.ts";
import type { ErrorStatus } from "../pages/pages.ts";

export type RequestCheck =
  | { readonly kind: "read"; readonly method: "GET" | "HEAD" }
  /** 204 with Allow. */
  | { readonly kind: "options" }
  | {
      readonly kind: "refuse";
      readonly status: ErrorStatus;
      /** Answer with `Connection: close`: there is a body that nobody will read, or doubt where the next request begins. */
      readonly close: boolean;
    };

/**
 * A body that comes with a GET, which has no meaning (RFC 9110, 9.3.1), is ignored up to this size. Give the same number
 * to Bun.serve as maxRequestBodySize: Bun applies it to every other method before anything of ours runs.
 */
export const maxIgnoredBodyBytes = 65_536;

/** Methods that every server knows (RFC 9110, 9; RFC 5789). Others that Bun lets through are unknown to this one: 501. */
const knownMethods = new Set(["POST", "PUT", "DELETE", "PATCH", "CONNECT", "TRACE"]);

const get: RequestCheck = { kind: "read", method: "GET" };
const head: RequestCheck = { kind: "read", method: "HEAD" };

export function checkRequest(method: string, headers: RequestHeaders): RequestCheck {
  if (!isHostAcceptable(headers.get("host"))) return refuse(400, true);
  // Bun.serve refuses these by itself, node:http does not: where such a body ends, nobody knows.
  const coding = headers.get("transfer-encoding");
  if (coding !== null && coding.toLowerCase() !== "chunked") return refuse(400, true);
  switch (method) {
    case "GET":
    case "HEAD":
    case "OPTIONS": {
      // Number gives NaN for "5, 5", which Bun makes of two equal lengths: refused like a body that is too large.
      const length = headers.get("content-length");
      if (length !== null && !(Number(length) <= maxIgnoredBodyBytes)) return refuse(413, true);
      if (method === "OPTIONS") return { kind: "options" };
      return method === "GET" ? get : head;
    }
    default: {
      const hasBody = coding !== null || Number(headers.get("content-length") ?? 0) > 0;
      return refuse(knownMethods.has(method) ? 405 : 501, hasBody || method === "CONNECT");
    }
  }
}

function refuse(status: ErrorStatus, close: boolean): RequestCheck {
  return { kind: "refuse", status, close };
}
