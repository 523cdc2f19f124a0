/** One cell of the web server: a server breaks while it is being read from, and no client notices. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "bun:test";
import { exchange } from "../helpers/raw_http.ts";
import type { Act, Trip } from "../helpers/tripwire_proxy.ts";
import type { RawResponse } from "../helpers/raw_response.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { type FaultName, type Moment, tripOf, type WebOperation } from "./cells.ts";
import type { Laboratory } from "./laboratory.ts";

const MIB = 1024 * 1024;
export const SMALL_FILES = 12;
export const webDirectory = "/web";
/** Above what is held in memory (4 MiB) and above the buffering limit given below: streamed, in chunks of 256 KiB and more. */
export const largeBytes = numbered(9 * MIB);
const RANGE = [3 * MIB + 5, 8 * MIB + 77] as const;

/** Nothing is remembered, so that every request goes to a server. */
export const noCache = ["--cache-size", "0", "--cache-ttl", "0"] as const;
const options = [...noCache, "--buffer-limit", "8MiB", "--autoindex", "--debug-headers"];

/**
 * http.md: 50 ms over normal when it is known, one hedge delay of 250 ms for a hang; the rest is for a busy machine. Without
 * failover it would be 5 s for what is asked of a file, and 20 for its bytes.
 */
const REPLY_LIMIT_MS = 4_500;
/** Each piece of 64 KiB comes 60 ms later: that is slow, and not broken. */
const LATE_REPLY_LIMIT_MS = 12_000;
/** http.md says 2 s; the rest is for a busy machine. */
export const BACK_LIMIT_MS = 4_000;
/** These swallow bytes, so that the connections are lost for good: that is noticed after 3 s of silence. */
const BACK_AFTER_LOSS_MS = 8_000;
const losing: readonly FaultName[] = ["silent", "black hole"];
/** The choice is random, and on a busy machine a server is suspect now and then. */
const MET_LIMIT_MS = 8_000;

export function smallText(index: number): string {
  return `small file ${index} `.repeat(120);
}

/** Every 8 bytes say where they are. */
function numbered(size: number): Buffer {
  return Buffer.from(BigUint64Array.from({ length: size / 8 }, (_, index) => BigInt(index) * 977n).buffer);
}

export async function runWebCell(
  lab: Laboratory,
  operation: WebOperation,
  fault: FaultName,
  moment: Moment,
): Promise<void> {
  const serversFile = join(lab.cluster.directory, "matrix_servers.txt");
  writeFileSync(serversFile, `${lab.brokenHost}\n${lab.well.host}\n`);
  if (moment === "before connect") await lab.breakIt(fault);
  try {
    await using web = await startWebServer([
      "--servers",
      serversFile,
      "--root",
      webDirectory,
      "--access-log",
      "off",
      ...options,
    ]);
    if (moment === "before connect") {
      for (let index = 0; index < 4; index++) await askOnce(web, operation, index, { limitMs: limitOf(fault) });
    } else {
      await inUse(web, lab.brokenHost, BACK_LIMIT_MS);
      let index = 0;
      await breakAt(
        lab,
        tripOf(operation, moment),
        (tripped) => lab.breakIt(fault, tripped),
        () => askOnce(web, operation, index++, { limitMs: limitOf(fault) }),
      );
    }
    await lab.mend();
    await inUse(web, lab.brokenHost, losing.includes(fault) ? BACK_AFTER_LOSS_MS : BACK_LIMIT_MS);
  } finally {
    await lab.mend();
  }
}

/** Requests, each of them right, until the broken server was met at that moment, and a few more. */
export async function breakAt(lab: Laboratory, trip: Trip | null, act: Act, askOnce: () => Promise<unknown>) {
  if (trip === null) throw new Error("not a moment of a conversation");
  const armed = lab.wire.arm(trip, act);
  const deadline = performance.now() + MET_LIMIT_MS;
  while (!lab.wire.hasTripped) {
    if (performance.now() > deadline) throw new Error(`the broken server was not asked for ${trip.names.join(" or ")}`);
    await askOnce();
  }
  await armed;
  for (let more = 0; more < 3; more++) await askOnce();
}

function limitOf(fault: FaultName): number {
  return fault === "late" ? LATE_REPLY_LIMIT_MS : REPLY_LIMIT_MS;
}

interface AskOptions {
  readonly limitMs?: number;
  /** A directory where others have a file is a version of the site like any other. */
  readonly mayRedirect?: boolean;
}

/** One request, whose answer must be right and in time. */
export async function askOnce(
  web: WebServer,
  operation: WebOperation,
  index: number,
  { limitMs = REPLY_LIMIT_MS, mayRedirect = false }: AskOptions = {},
): Promise<RawResponse> {
  const small = index % SMALL_FILES;
  const method = operation === "HEAD" ? "HEAD" : "GET";
  const target = operation === "small GET" ? `/small${small}.txt` : operation === "listing" ? "/" : "/large.bin";
  const range = operation === "range GET" ? `Range: bytes=${RANGE[0]}-${RANGE[1]}\r\n` : "";
  const start = performance.now();
  const { responses } = await exchange(
    `${method} ${target} HTTP/1.1\r\nHost: matrix\r\nConnection: close\r\n${range}\r\n`,
    { port: web.port, methods: [method], deadlineMs: 20_000 },
  );
  const [response] = responses;
  const ms = performance.now() - start;
  if (response === undefined) throw new Error(`${method} ${target}: no whole response after ${Math.round(ms)} ms`);
  if (!(mayRedirect && response.status === 301)) check(operation, small, response);
  expect(ms).toBeLessThan(limitMs);
  return response;
}

function check(operation: WebOperation, small: number, response: RawResponse): void {
  const { status, body } = response;
  switch (operation) {
    case "small GET":
      expect([status, body.toString("latin1")]).toEqual([200, smallText(small)]);
      return;
    case "large GET":
      expect([status, body.length, body.equals(largeBytes)]).toEqual([200, largeBytes.length, true]);
      return;
    case "range GET": {
      const wanted = largeBytes.subarray(RANGE[0], RANGE[1] + 1);
      expect([status, body.length, body.equals(wanted)]).toEqual([206, wanted.length, true]);
      return;
    }
    case "HEAD":
      expect([status, response.header("content-length")]).toEqual([200, String(largeBytes.length)]);
      return;
    case "listing": {
      const names = [...body.toString().matchAll(/href="([^"?]*\.(?:txt|bin))"/g)].map(([, name]) => name!);
      const small = Array.from({ length: SMALL_FILES }, (_, index) => `small${index}.txt`);
      expect([status, names.sort()]).toEqual([200, [...small, "large.bin"].sort()]);
    }
  }
}

/** A server is in use when a random choice falls on it. */
export async function inUse(web: WebServer, host: string, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (let index = 0; ; index++) {
    const response = await askOnce(web, "small GET", index);
    if (response.header("x-served-by") === host) return;
    if (performance.now() > deadline) throw new Error(`${host} is not in use within ${limitMs} ms`);
    await Bun.sleep(20);
  }
}
