/** Whether a reply is one that the site may give. Pure, but for what it remembers of ETags. */
import { formatHttpDate } from "../../src/web/http/http_date.ts";
import type { RawResponse } from "../helpers/raw_response.ts";
import { isSame, joined, type Wanted, wantedOf } from "./asked_for.ts";
import type { ClientReply, ClientRequest } from "./http_client.ts";
import { liveVersions, type Page, type Version } from "./page_history.ts";

export type Finding =
  | "wrong bytes"
  | "stale bytes"
  | "not what was asked for"
  | "wrong header"
  | "wrong ETag"
  | "unexpected status"
  | "not found"
  | "reset"
  | "late";

export type Verdict =
  | { readonly kind: "right"; readonly status: number; readonly bytes: number }
  /** Nobody could finish the body, since the replicas had different versions: that must not look whole, and does not. */
  | { readonly kind: "allowedReset" }
  | { readonly kind: "wrong"; readonly finding: Finding; readonly detail: string };

export interface Asked {
  readonly request: ClientRequest;
  readonly reply: ClientReply;
  readonly page: Page;
  readonly from: number;
  readonly to: number;
}

/** One judge for all clients: an ETag must stand for one body and a body for one ETag, whoever served it and when. */
export function createJudge(): (asked: Asked) => Verdict {
  /** What each ETag can stand for, narrowed by every response that has it: a part, or a length, may be that of several versions. */
  const versionsByEtag = new Map<string, readonly number[]>();
  const etagByVersion = new Map<string, string>();

  /** The versions that the ETag can still stand for, or what is wrong with it. */
  function narrow(page: Page, versions: readonly Version[], etag: string): string | null {
    const key = `${page.path}\0${etag}`;
    const before = versionsByEtag.get(key);
    const fitting = versions
      .map(({ number }) => number)
      .filter((number) => before?.includes(number) ?? true)
      .filter((number) => (etagByVersion.get(`${page.path}\0${number}`) ?? etag) === etag);
    if (fitting.length === 0) {
      const others = versions.map(({ number }) => `${number} had ${etagByVersion.get(`${page.path}\0${number}`)}`);
      return `${etag} stood for version ${before?.join(" or ")}; ${others.join(", ")}`;
    }
    versionsByEtag.set(key, fitting);
    if (fitting.length === 1) etagByVersion.set(`${page.path}\0${fitting[0]}`, etag);
    return null;
  }

  function judgeVersions(asked: Asked, response: RawResponse, fits: (version: Version) => boolean): Verdict {
    const { page, from, to } = asked;
    const versions = liveVersions(page, from, to).filter(fits);
    if (versions.length === 0) {
      const old = page.versions.findLast(fits);
      if (old === undefined) return wrong("wrong bytes", describeBody(response));
      return wrong(
        "stale bytes",
        `version ${old.number}, which no replica has had for ${Math.round(from - old.goneAt)} ms`,
      );
    }
    const modified = response.header("last-modified");
    const dated = versions.filter(({ mtime }) => formatHttpDate(mtime) === modified);
    if (dated.length === 0) return wrong("wrong header", `Last-Modified ${modified}`);
    const etag = response.header("etag");
    if (etag === null) return wrong("wrong ETag", "there is none");
    const finding = narrow(page, dated, etag);
    if (finding !== null) return wrong("wrong ETag", finding);
    return { kind: "right", status: response.status, bytes: response.body.length };
  }

  function judgeResponse(asked: Asked, response: RawResponse): Verdict {
    const { request, page, from, to } = asked;
    const right: Verdict = { kind: "right", status: response.status, bytes: response.body.length };
    switch (response.status) {
      case 200:
        if (request.method === "HEAD") {
          const length = response.header("content-length");
          return judgeVersions(asked, response, ({ bytes }) => bytes !== null && String(bytes.length) === length);
        }
        return (
          unasked(request, response, response.body.length, "whole") ??
          judgeVersions(asked, response, ({ bytes }) => bytes !== null && bytes.equals(response.body))
        );
      case 206: {
        const parts = partsOf(response);
        if (parts === null) return wrong("wrong header", describeBody(response));
        const spans = joined(parts.map(({ start, bytes }) => ({ start, end: start + bytes.length })));
        return (
          unasked(request, response, parts[0]?.size ?? 0, spans) ??
          judgeVersions(asked, response, ({ bytes }) => bytes !== null && parts.every((part) => isPart(part, bytes)))
        );
      }
      case 304: {
        const etag = response.header("etag") ?? "";
        const numbers = versionsByEtag.get(`${page.path}\0${etag}`);
        const since = request.headers["If-Modified-Since"];
        // By date alone, what was edited twice within a second passes for unmodified, also with bytes that nobody has seen yet.
        const isUnseen = numbers === undefined && since !== undefined;
        const fitting = liveVersions(page, from, to).filter(({ number, mtime, bytes }) =>
          isUnseen ? bytes !== null && mtime * 1000 <= Date.parse(since) : numbers?.includes(number),
        );
        if (fitting.length === 0) return wrong("stale bytes", `304 for ${etag}, version ${numbers?.join(" or ")}`);
        const held = request.headers["If-None-Match"];
        const isHeld =
          held !== undefined ? held === etag : fitting.some(({ mtime }) => mtime * 1000 <= Date.parse(since ?? ""));
        if (!isHeld) return wrong("not what was asked for", `304 for ${etag} to ${held ?? since}`);
        const finding = isUnseen ? narrow(page, fitting, etag) : null;
        return finding === null ? right : wrong("wrong ETag", finding);
      }
      case 404: {
        const mayBeMissing = liveVersions(page, from, to).some(({ bytes }) => bytes === null);
        return mayBeMissing ? right : wrong("not found", "it was there all the time");
      }
      case 416: {
        const size = /^bytes \*\/(\d+)$/.exec(response.header("content-range") ?? "")?.[1];
        const isLive = liveVersions(page, from, to).some(({ bytes }) => String(bytes?.length) === size);
        if (!isLive) return wrong("wrong header", `416 with ${size}`);
        return unasked(request, response, Number(size), []) ?? right;
      }
      default:
        return wrong("unexpected status", `${response.status} ${describeBody(response)}`);
    }
  }

  return (asked) => {
    const { reply, page, from, to } = asked;
    switch (reply.kind) {
      case "hungUp":
        return judgeStart(asked, reply.received);
      case "late":
        return wrong("late", `nothing whole after ${Math.round(reply.ms)} ms`);
      case "broken": {
        const isAllowed = page.kind === "streamed" && liveVersions(page, from, to).length > 1 && reply.bytes > 0;
        if (isAllowed) return { kind: "allowedReset" };
        return wrong("reset", `after ${reply.bytes} bytes, ${Math.round(reply.ms)} ms: ${reply.head.slice(0, 300)}`);
      }
      case "response":
        return judgeResponse(asked, reply.response);
    }
  };
}

/** What had come when the visitor hung up: the beginning of a good answer, as far as that can be told. */
function judgeStart({ page, from, to }: Asked, received: Buffer): Verdict {
  const right: Verdict = { kind: "right", status: 0, bytes: 0 };
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return right;
  const head = received.toString("latin1", 0, headEnd);
  const versions = liveVersions(page, from, to);
  if (head.startsWith("HTTP/1.1 404 ") && versions.some(({ bytes }) => bytes === null)) return right;
  if (!head.startsWith("HTTP/1.1 200 ")) return wrong("unexpected status", head.slice(0, 300));
  // A chunked body has numbers between its pieces.
  if (!/^content-length:/im.test(head)) return right;
  const body = received.subarray(headEnd + 4);
  const isStart = versions.some(({ bytes }) => bytes?.subarray(0, body.length).equals(body));
  return isStart ? right : wrong("wrong bytes", `${body.length} bytes, then hung up`);
}

/** What is wrong with this kind of answer to that request, for a version of this size; null: nothing. */
function unasked(request: ClientRequest, response: RawResponse, size: number, given: Wanted): Verdict | null {
  // A 416 has none: then If-Range must have been of the right one.
  const etag = response.header("etag") ?? request.headers["If-Range"] ?? "";
  const wanted = wantedOf(request, size, etag);
  if (!isSame(wanted, given)) {
    return wrong("not what was asked for", `${JSON.stringify(given)} of ${size} instead of ${JSON.stringify(wanted)}`);
  }
  const isHeld = given === "whole" && request.headers["If-None-Match"] === etag;
  return isHeld ? wrong("not what was asked for", `200 to who has ${etag}`) : null;
}

interface Part {
  readonly start: number;
  readonly size: number;
  readonly bytes: Buffer;
}

function isPart({ start, size, bytes }: Part, whole: Buffer): boolean {
  return size === whole.length && whole.subarray(start, start + bytes.length).equals(bytes) && bytes.length > 0;
}

/** The parts of a 206, single or multipart; null when it is not what it should be. */
function partsOf(response: RawResponse): Part[] | null {
  const range = response.header("content-range");
  if (range !== null) {
    const part = partOf(range, response.body);
    return part === null ? null : [part];
  }
  const boundary = /^multipart\/byteranges; boundary=([0-9A-Za-z]+)$/.exec(response.header("content-type") ?? "")?.[1];
  if (boundary === undefined) return null;
  const pieces = response.body.toString("latin1").split(`--${boundary}`);
  const parts = pieces.slice(1, -1).map((piece) => {
    const headEnd = piece.indexOf("\r\n\r\n");
    const range = /^content-range: *(.*)$/im.exec(piece.slice(0, headEnd))?.[1] ?? "";
    return partOf(range, Buffer.from(piece.slice(headEnd + 4, -2), "latin1"));
  });
  return pieces.at(-1) === "--\r\n" && parts.every((part) => part !== null) ? parts : null;
}

function partOf(range: string, bytes: Buffer): Part | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range);
  if (match === null) return null;
  const [start, end, size] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return end - start + 1 === bytes.length ? { start, size, bytes } : null;
}

function wrong(finding: Finding, detail: string): Verdict {
  return { kind: "wrong", finding, detail };
}

function describeBody(response: RawResponse): string {
  const headers = response.headers.map(([name, value]) => `${name}: ${value}`).join(", ");
  return `${response.body.length} bytes, ${headers}, beginning ${JSON.stringify(response.body.toString("latin1", 0, 80))}`;
}
