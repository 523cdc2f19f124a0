import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { program, succeed } from "./programs.ts";

export interface WrkOptions {
  readonly connections: number;
  readonly seconds: number;
  /** More headers, "Name: value". */
  readonly headers?: readonly string[];
  /** A script of pathsScript. */
  readonly script?: string;
}

export interface WrkResult {
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly requests: number;
  readonly p99Ms: number;
  /** Answers that are neither 2xx nor 3xx, and broken connections. */
  readonly failures: number;
}

/** Loads a URL from one thread. */
export async function wrk(url: string, { connections, seconds, headers = [], script }: WrkOptions): Promise<WrkResult> {
  const output = await succeed([
    program("wrk"),
    ...["-t", "1", "-c", String(connections), "-d", `${seconds}s`, "--latency", "--timeout", "30s"],
    ...headers.flatMap((header) => ["-H", header]),
    ...(script === undefined ? [] : ["-s", script]),
    url,
  ]);
  return parseWrk(output);
}

/**
 *     99%    1.23ms
 *   12345 requests in 3.00s, 1.23MB read
 *   Socket errors: connect 0, read 1, write 0, timeout 0
 *   Non-2xx or 3xx responses: 5
 * Requests/sec:   4115.00
 * Transfer/sec:    123.45KB
 */
export function parseWrk(output: string): WrkResult {
  const sockets = /Socket errors: (.*)/.exec(output)?.[1]?.match(/\d+/g) ?? [];
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? "0";
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]),
    bytesPerSecond: inBytes(/Transfer\/sec:\s+([\d.]+)(\w+)/.exec(output)),
    requests: Number(/(\d+) requests in/.exec(output)?.[1]),
    p99Ms: inMilliseconds(/ 99%\s+([\d.]+)(\w+)/.exec(output)),
    failures: Number(refused) + sockets.reduce((sum, count) => sum + Number(count), 0),
  };
}

/** Of a run in which every request succeeded, or else it tells how fast failing is: throws. */
export function faultlessRate({ requestsPerSecond, failures }: WrkResult): number {
  if (failures > 0) throw new Error(`${failures} requests failed`);
  return requestsPerSecond;
}

/** A script that asks for these paths in turn; every connection goes on where the last request of any was. */
export function pathsScript(directory: string, paths: readonly string[]): string {
  const file = join(directory, "paths.lua");
  const list = paths.map((path) => JSON.stringify(path)).join(",");
  const request = `function request() n = n % #paths + 1; return wrk.format("GET", paths[n]) end`;
  writeFileSync(file, `local paths = {${list}}\nlocal n = 0\n${request}\n`);
  return file;
}

function inBytes(match: RegExpExecArray | null): number {
  const factor = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }[match?.[2] ?? ""] ?? Number.NaN;
  return Number(match?.[1]) * factor;
}

function inMilliseconds(match: RegExpExecArray | null): number {
  const factor = { us: 0.001, ms: 1, s: 1000, m: 60_000 }[match?.[2] ?? ""] ?? Number.NaN;
  return Number(match?.[1]) * factor;
}
