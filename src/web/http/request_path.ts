/**
 * From a request's target to the file that is meant, as bytes, and back from a path to a URL.
 *
 * What arrives is `req.url` of Bun. With a good Host header Bun has parsed the target: `.`, `..`, `%2e%2e` are resolved, a
 * raw backslash has become a slash, raw bytes have become %XX. Without one the target comes as it was sent. Both end here
 * in the same decision; only what Bun's parser has already folded cannot be told any more (docs/web-server.md).
 */
import type { BytePath } from "../../protocol.ts";

export type RequestPath =
  | {
      readonly kind: "path";
      /** Absolute, without a slash at its end except for "/" itself, without `.`, `..` and empty segments. */
      readonly path: BytePath;
      /** The URL asks for a directory: "/a/", "/a/.", "/". */
      readonly trailingSlash: boolean;
      /** With its question mark, as it was sent; "" when there is none. Only for redirects and the log. */
      readonly query: string;
    }
  | { readonly kind: "bad" }
  | { readonly kind: "notFound" };

/** The longest name that Linux file systems hold. */
const maxSegmentBytes = 255;
/** A Chirp request is one line of 1023 bytes: command, path and arguments. */
const maxChirpLine = 1023;
/** What else stands in that line ("getlongdir ", flags, mode), and room for "/index.html.zst". */
const reservedInLine = 64;
/** The one name with a leading dot that is public (RFC 8615). */
const wellKnown = ".well-known";

/** Names of harmless characters that do not begin with a dot. */
const plainPath = /^(?:\/[\w~-][\w.~-]*)+$/;

const bad: RequestPath = { kind: "bad" };
const notFound: RequestPath = { kind: "notFound" };

/**
 * Routes for Bun.serve, to be answered 400: its routes match the target as it was sent, while req.url has lost the dots and
 * points into the root. What climbs further down ("/a/../../b") cannot be told from what does not.
 */
export const climbingRoutes: readonly string[] = ["..", ".%2e", "%2e.", "%2e%2e"]
  .flatMap((dots) => [dots, dots.toUpperCase(), dots.replace("%2e", "%2E"), dots.replace(/%2e$/, "%2E")])
  .filter((dots, index, all) => all.indexOf(dots) === index)
  .flatMap((dots) => [`/${dots}`, `/${dots}/*`]);

/** How many bytes a path may take in a Chirp request when `root` stands before it; for `parseRequestPath`. */
export function pathLimitUnder(root: BytePath): number {
  return maxChirpLine - reservedInLine - chirpLength(root);
}

/**
 * The file that a request means. `url` is Bun's req.url, `limit` comes from pathLimitUnder.
 *
 *     http://h/a%20b?q → path "/a b", query "?q"      /%2e%2e/x, %00, %zz, #, host:80, * → bad (400)
 *     /a//b/./c/       → path "/a/b/c", slash         %2F, .git, .__acl, 256 byte names → notFound (404)
 *     /caf%C3%A9       → path "/caf\xc3\xa9"          /.well-known/x → path
 */
export function parseRequestPath(url: string, limit: number): RequestPath {
  const start = pathStart(url);
  if (start < 0) return bad;
  // A "#" may not stand in a request target: whoever sends one means something else than we would understand.
  if (url.includes("#", start)) return bad;
  const mark = url.indexOf("?", start);
  const end = mark < 0 ? url.length : mark;
  const query = mark < 0 ? "" : url.slice(mark);
  const text = url.slice(start, end);
  // Nearly all requests: nothing to decode, to resolve or to refuse, at a fifth of the cost.
  if (text.length <= maxSegmentBytes && text.length <= limit && plainPath.test(text)) {
    return { kind: "path", path: text, trailingSlash: false, query };
  }
  const decoded = decodeBytes(text);
  if (decoded === null) return bad;
  if (decoded.slash) return notFound;
  return resolve(decoded.bytes, query, limit);
}

/** Where the path begins, which is empty in "http://host?q" (RFC 9112, 3.2.2); -1 when there is none ("host:80" of CONNECT). */
function pathStart(url: string): number {
  if (url.charCodeAt(0) === 47) return 0;
  const scheme = url.indexOf("://");
  if (scheme < 0) return -1;
  const authority = url.slice(scheme + 3).search(/[/?#]/);
  return authority < 0 ? url.length : scheme + 3 + authority;
}

/** Percent-decoding to bytes, once. Null for a malformed escape or a zero byte; `slash` tells of an escaped slash. */
function decodeBytes(text: string): { readonly bytes: BytePath; readonly slash: boolean } | null {
  const ascii = isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
  if (!ascii.includes("%") && !ascii.includes("\0")) return { bytes: ascii, slash: false };
  let malformed = ascii.includes("\0");
  let slash = false;
  const bytes = ascii.replace(/%(.{0,2})/gs, (_, digits: string) => {
    const byte = /^[0-9A-Fa-f]{2}$/.test(digits) ? Number.parseInt(digits, 16) : 0;
    if (byte === 0) malformed = true;
    if (byte === 47) slash = true;
    return String.fromCharCode(byte);
  });
  return malformed ? null : { bytes, slash };
}

function isAscii(text: string): boolean {
  return !/\P{ASCII}/u.test(text);
}

function resolve(bytes: BytePath, query: string, limit: number): RequestPath {
  const segments: BytePath[] = [];
  let isDirectory = true;
  for (const segment of bytes.split("/")) {
    isDirectory = segment === "" || segment === "." || segment === "..";
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") segments.push(segment);
    else if (segments.pop() === undefined) return bad;
  }
  for (const segment of segments) {
    // Names beginning `.__` are Chirp's own (`.__acl` can be fetched by name): they fall under the same rule as .git.
    if (segment.charCodeAt(0) === 46 && segment !== wellKnown) return notFound;
    if (segment.length > maxSegmentBytes) return notFound;
  }
  const path = `/${segments.join("/")}`;
  // Each byte is sent as one or three: only a path longer than a third of the limit needs counting.
  if (path.length * 3 > limit && chirpLength(path) > limit) return notFound;
  return { kind: "path", path, trailingSlash: isDirectory, query };
}

/** Bytes that a path takes in a Chirp request: white space, control bytes and % are sent as %XX. */
function chirpLength(path: BytePath): number {
  return path.length + 2 * (path.match(/[\x00-\x20\x7f%]/g)?.length ?? 0);
}

/**
 * A path as it stands in a URL, for Location and links: every byte but the harmless ones escaped, and never two slashes
 * at the front, which a browser would take for another host.
 *
 *     /a b → /a%20b    /caf\xc3\xa9 → /caf%C3%A9    //evil → /evil    /a\r\n → /a%0D%0A    /a:b → /a%3Ab
 */
export function encodePath(path: BytePath): string {
  return path.replace(/^\/{2,}/, "/").replace(/[^A-Za-z0-9\-._~!$&()*+,;=@/]/g, escapeByte);
}

/**
 * Where a directory that was asked for without its slash is: Location of the 301. Without a host, so that it holds behind
 * any proxy; the query is kept, and what may not stand in a header is escaped.
 */
export function directoryLocation(path: BytePath, query: string): string {
  const safeQuery = query.replace(/[^\x21-\x7e]+/g, (part) =>
    Buffer.from(part, "utf8").toString("latin1").replace(/[^]/g, escapeByte),
  );
  return `${encodePath(path)}/${safeQuery}`;
}

/** One name as it stands in a relative link; its slashes, if any, are escaped too. A colon is: "a:b" would be a scheme. */
export function encodeSegment(name: BytePath): string {
  return name.replace(/[^A-Za-z0-9\-._~!$&()*+,;=@]/g, escapeByte);
}

function escapeByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
