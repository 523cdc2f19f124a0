/** What pure parsers make of texts by chance: never an exception of another kind, never an answer that cannot be. */
import { expect, test } from "bun:test";
import { parseServerAddress } from "../../src/chirp/server_address.ts";
import { displayName } from "../../src/errors.ts";
import { parseServersFile, ServersFileError } from "../../src/servers_file.ts";
import { createFilter, parseFilterFile } from "../../src/sync/selection/filter.ts";
import { chooseCoding, contentCodings } from "../../src/web/http/accept_encoding.ts";
import { createAccessLogLine } from "../../src/web/operations/access_log.ts";
import { escapeHtml, escapeName } from "../../src/web/pages/html.ts";
import { formatHttpDate, parseHttpDate } from "../../src/web/http/http_date.ts";
import { parseRange } from "../../src/web/http/range.ts";
import { directoryLocation, encodePath, parseRequestPath, pathLimitUnder } from "../../src/web/http/request_path.ts";
import type { SeededRandom } from "../helpers/seeded_random.ts";
import { fuzz, fuzzLimitMs, fuzzSeconds, mutate, randomText } from "./fuzz_run.ts";

function fuzzTest(name: string, runCase: (random: SeededRandom) => void): void {
  test(name, async () => void (await fuzz(name, fuzzSeconds(0.5), runCase)), fuzzLimitMs(0.5));
}

const rangePieces = ["bytes=", "bytes", "=", "0", "9", "10", "-", ",", " ", "\t", "99999999999999999999", "1e3", "-1"];

fuzzTest("Range", (random) => {
  const size = random.pick([0, 1, 10, 1000, 2 ** 40]);
  const text = random.chance(0.8) ? `bytes=${randomText(random, rangePieces, 20)}` : randomText(random, rangePieces);
  const decision = parseRange(text, size);
  if (decision.kind !== "ranges") return;
  const sum = decision.ranges.reduce((total, { start, end }) => total + end - start, 0);
  expect(decision.ranges.length).toBeWithin(1, 17);
  expect(sum).toBeLessThanOrEqual(size);
  for (const { start, end } of decision.ranges) {
    expect([
      Number.isSafeInteger(start),
      Number.isSafeInteger(end),
      start >= 0,
      start < end,
      end <= size,
    ]).not.toContain(false);
  }
});

fuzzTest("dates", (random) => {
  const now = 1_800_000_000;
  const moment = random.int(0, 253_402_300_799);
  expect(parseHttpDate(formatHttpDate(moment), now)).toBe(moment);
  const read = parseHttpDate(mutate(random, formatHttpDate(moment)), now);
  // What was read is a moment that can be written, and read again as the same.
  if (read !== null && read >= 0) expect(parseHttpDate(formatHttpDate(read), now)).toBe(read);
});

const serverPieces = [
  "hostA",
  "hostB:9094",
  ":",
  "[::1]",
  "[",
  "]",
  "\n",
  "\r\n",
  "#",
  " ",
  "127.0.0.1",
  ":0",
  ":70000",
  "-",
  ".",
];

fuzzTest("servers.txt", (random) => {
  const text = randomText(random, serverPieces, 30);
  let servers;
  try {
    servers = parseServersFile(text, "servers.txt");
  } catch (error) {
    if (!(error instanceof ServersFileError)) throw error;
    expect(error.message).toStartWith("servers.txt");
    return;
  }
  for (const { server, host, port } of servers) {
    expect(parseServerAddress(server)).toEqual({ server, host, port });
    expect([port > 0, port < 65_536, /[\s\0/]/.test(host)]).toEqual([true, true, false]);
  }
});

const namePieces = [
  "/",
  "//",
  "..",
  ".",
  "%2e",
  "%2F",
  "%00",
  "%",
  "%zz",
  "a",
  "b.html",
  ".git",
  ".__acl",
  ".well-known",
  "\\",
  "?q",
  "#",
  "caf\u00c3\u00a9",
  "%C3%A9",
  "\n",
  "\r",
];

fuzzTest("request paths", (random) => {
  const limit = pathLimitUnder("/site");
  const url = random.chance(0.7) ? `http://h/${randomText(random, namePieces)}` : `/${randomText(random, namePieces)}`;
  const target = parseRequestPath(url, limit);
  if (target.kind !== "path") return;
  const { path } = target;
  const segments = path.split("/").slice(1);
  expect(path.startsWith("/")).toBe(true);
  if (path !== "/") {
    for (const segment of segments) {
      expect(segment === "" || segment.length > 255 || segment.includes("\0")).toBe(false);
      expect(segment.startsWith(".") && segment !== ".well-known").toBe(false);
    }
  }
  // There and back; and nothing in a header that is not visible ASCII.
  const again = parseRequestPath(encodePath(path), limit);
  expect(again.kind === "path" && again.path === path).toBe(true);
  if (!target.trailingSlash) expect(directoryLocation(path, target.query)).toMatch(/^\/(?!\/)[\x21-\x7e]*$/);
});

const hostilePieces = [
  "<script>",
  '"',
  "'",
  "&",
  "\\",
  "\\x",
  "\n",
  "\r",
  "\x1b[31m",
  "\u00c2\u0085",
  "\u00e2\u0080\u00ae",
  "\xff",
  "a",
  "\u00c3",
];

fuzzTest("names on pages and in logs", (random) => {
  const name = Buffer.from(randomText(random, hostilePieces), "utf8").toString("latin1");
  const shown = displayName(name);
  expect(shown).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
  expect(escapeName(name)).not.toMatch(/[<>"']/);
  expect(escapeHtml(shown)).not.toMatch(/[<>"']/);
  // Two names never look the same.
  const other = mutate(random, name, 1);
  if (other !== name && !/[^\x00-\xff]/.test(other)) {
    expect(displayName(other)).not.toBe(shown);
  }
});

const combined = /^\S+ - - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "[\x21-\x7e ]*" \d{3} \d+ "[^"]*" "[^"]*"$/;

fuzzTest("access log", (random) => {
  const text = () => randomText(random, hostilePieces, 6);
  const record = {
    timeMs: 1_700_000_000_000,
    client: random.chance(0.5) ? "127.0.0.1" : "",
    method: random.chance(0.9) ? "GET" : text().replace(/[ "]/g, ""),
    target: `/${text()}`,
    status: 200,
    bytes: 1,
    referer: random.chance(0.3) ? null : text(),
    userAgent: random.chance(0.3) ? null : text(),
    durationMs: 1,
    ttfbMs: 1,
    server: null,
    tries: 0,
    switches: 0,
    hedged: false,
    cache: null,
    rpcs: 0,
    reset: false,
  };
  expect(createAccessLogLine("combined")(record)).toMatch(combined);
  const line = createAccessLogLine("json")(record);
  expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/);
  expect((JSON.parse(line) as { target: string }).target).toBe(record.target);
});

fuzzTest("Accept-Encoding", (random) => {
  const pieces = ["gzip", "br", "zstd", "*", "identity", ";q=", "0", "1", "0.5", ",", " ", "x-gzip", ";", "="];
  const coding = chooseCoding(randomText(random, pieces, 20), contentCodings);
  expect([null, ...contentCodings]).toContain(coding);
});

const patternPieces = [
  "*",
  "**",
  "?",
  "/",
  "a",
  "b",
  ".tmp",
  "[a-z]",
  "[!",
  "[",
  "]",
  "[[:alpha:]]",
  "[[:",
  "\\",
  "/***",
  "+ ",
  "- ",
  "!",
  "\n",
  "#",
];

fuzzTest("include and exclude patterns", (random) => {
  const filter = createFilter(parseFilterFile(randomText(random, patternPieces, 10), random.chance(0.5)));
  for (let count = 0; count < 4; count++) {
    const path = randomText(random, ["a", "b", "/", ".tmp", "[", "\\", "\n"], 8).replace(/^\/+/, "");
    expect(filter(path, random.chance(0.5))).toBeBoolean();
  }
});
