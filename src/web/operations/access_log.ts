/** One line of the access log for each response: combined (as Apache and nginx write it) or JSON. Nothing a client sends can end or forge a line. */

import type { CacheUse } from "../content/trace.ts";

export interface AccessRecord {
  /** When the request came in, milliseconds since 1970. */
  readonly timeMs: number;
  /** Address of the client. */
  readonly client: string;
  readonly method: string;
  /** Path and query as they arrived. */
  readonly target: string;
  readonly status: number;
  /** Of the body, as sent. */
  readonly bytes: number;
  readonly referer: string | null;
  readonly userAgent: string | null;
  readonly durationMs: number;
  /** Until the first byte of the body was at hand. */
  readonly ttfbMs: number;
  /** The Chirp server that answered; null when none was asked. */
  readonly server: string | null;
  /** Servers asked, the first included; 0 when the cache had it. */
  readonly tries: number;
  /** How often the body went on from another server. */
  readonly switches: number;
  readonly hedged: boolean;
  readonly cache: CacheUse | null;
  readonly rpcs: number;
  /** The connection was reset, since nobody could continue the body. */
  readonly reset: boolean;
}

export type AccessLogFormat = "combined" | "json";

/** Returns what makes a line, without its newline, of a record. */
export function createAccessLogLine(format: AccessLogFormat): (record: AccessRecord) => string {
  return format === "json" ? jsonLine : createCombinedLine();
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Bun does not tell HTTP/1.0 from 1.1; the common format has a place for it, so 1.1 stands there. */
function createCombinedLine(): (record: AccessRecord) => string {
  // The time is the same in all lines of a second, and dear beside the rest.
  let second = Number.NaN;
  let time = "";
  return ({ timeMs, client, method, target, status, bytes, referer, userAgent }) => {
    if (second !== Math.floor(timeMs / 1000)) {
      second = Math.floor(timeMs / 1000);
      time = formatTime(second);
    }
    return `${field(client)} - - [${time}] "${escape(method)} ${escape(target)} HTTP/1.1" ${status} ${bytes} "${field(referer)}" "${field(userAgent)}"`;
  };
}

function field(value: string | null): string {
  return value === null || value === "" ? "-" : escape(value);
}

/** As nginx does it: quotes, backslashes and all bytes that are not visible ASCII become \\xNN. */
function escape(text: string): string {
  if (!/[^ !#-[\]-~]/.test(text)) return text;
  // By UTF-8 sequences, so that no half of a surrogate pair is looked at alone.
  return text.replace(/[^ !#-[\]-~]+/g, (part) => {
    const isBytes = !/[^\p{ASCII}\x80-\xff]/u.test(part);
    return [...Buffer.from(part, isBytes ? "latin1" : "utf8")]
      .map((byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`)
      .join("");
  });
}

/** "22/Nov/2026:16:06:00 +0000" */
function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const iso = date.toISOString();
  return `${iso.slice(8, 10)}/${months[date.getUTCMonth()]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}

function jsonLine(record: AccessRecord): string {
  const line = JSON.stringify({
    time: new Date(record.timeMs).toISOString(),
    client: record.client,
    method: record.method,
    target: record.target,
    status: record.status,
    bytes: record.bytes,
    referer: record.referer,
    user_agent: record.userAgent,
    duration_ms: rounded(record.durationMs),
    ttfb_ms: rounded(record.ttfbMs),
    server: record.server,
    tries: record.tries,
    switches: record.switches,
    hedged: record.hedged,
    cache: record.cache,
    rpcs: record.rpcs,
    reset: record.reset,
  });
  // JSON leaves these as they are; in a terminal they act, and some readers take U+2028 for the end of a line.
  return line.replace(/[\x7f-\x9f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Microseconds are as fine as it is worth. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
