import { describe, expect, test } from "bun:test";
import { statusPage, statusPageHeaders } from "./status_page.ts";
import type { ServerState, ServerStatus, StatusSnapshot } from "./status_snapshot.ts";
import { statusScript, statusScriptHash } from "./status_style.ts";

const nowMs = Date.UTC(2026, 10, 22, 16, 6, 7);

function server(state: ServerState, changes: Partial<ServerStatus> = {}): ServerStatus {
  const counts = { inFlight: 1, requests: 1_234_567, failures: 2, ejections: 3, p50Ms: 2.14, p99Ms: 1400 };
  return { name: `${state}:9094`, state, sinceMs: nowMs - 3_723_000, lastError: null, ...counts, ...changes };
}

function page(changes: Partial<StatusSnapshot> = {}): string {
  return statusPage({
    nowMs,
    startedAtMs: nowMs - 90_000_000,
    root: "/site",
    servers: [server("well")],
    requests: 5,
    requestsPerSecond: 0,
    requestHistory: [0, 2, 1],
    p50Ms: null,
    p99Ms: null,
    inFlight: 0,
    connections: { open: 7, limit: 16_384, slowRequests: 0, tooMany: 0 },
    queue: { waiting: 0, limit: 10 },
    serveStaleSeconds: 0,
    memory: { residentBytes: 0, bufferedBytes: 0, bufferLimitBytes: 0, openStreams: 0 },
    unavailable: 0,
    resets: 0,
    switches: 0,
    hedges: 0,
    hedgesWon: 0,
    cache: null,
    differences: null,
    ...changes,
  });
}

test("the policy names the script that is there, and the page loads nothing from elsewhere", () => {
  const hash = new Bun.CryptoHasher("sha256").update(statusScript).digest("base64");
  expect(statusScriptHash).toBe(`'sha256-${hash}'`);
  expect(statusPageHeaders["Content-Security-Policy"]).toContain(`script-src ${statusScriptHash}; connect-src 'self';`);
  const html = page();
  expect(html).toContain(`<script>${statusScript}</script>`);
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html).not.toMatch(/https?:|src=|url\(|@import|<link/);
  expect(html).toContain('<noscript><meta http-equiv="refresh" content="5"></noscript>');
});

test("connections: how many there are, and what was ended", () => {
  expect(page()).toContain('<div class="value">7</div><p class="note">at most 16,384</p>');
  const html = page({ connections: { open: 10, limit: 10, slowRequests: 3, tooMany: 1200 } });
  expect(html).toContain("ended: 3 too slow, 1,200 too many");
});

test("times are never a plain nought", () => {
  const html = page({ servers: [server("well", { p50Ms: 0.0027, p99Ms: 0.046 })] });
  expect(html).toContain("under 0.01 ms");
  expect(html).toContain("0.05 ms");
  expect(html).not.toContain("0.00 ms");
});

test.each<[headline: string, states: ServerState[]]>([
  ["The server is well", ["well"]],
  ["All 2 servers are well", ["well", "well"]],
  ["1 of 3 servers is well: the site is served, with less in reserve", ["well", "ejected", "trial"]],
  ["2 of 3 servers are well: the site is served, with less in reserve", ["well", "well", "suspect"]],
  ["No server is well; those that are slow or on trial are being asked", ["suspect", "ejected"]],
  ["No server can be reached: visitors see an error page", ["ejected", "ejected"]],
])("%s", (headline, states) => {
  const html = page({ servers: states.map((state) => server(state)) });
  expect(html).toContain(`<h1>${headline}</h1>`);
  const well = states.filter((state) => state === "well").length;
  expect(html).toContain(`<title>${well}/${states.length} well`);
});

test("a server's card tells state, since when, numbers and the last error", () => {
  const lastError = { message: "connection refused", atMs: nowMs - 61_000 };
  const html = page({ servers: [server("ejected", { lastError, p50Ms: null })] });
  expect(html).toContain("✕ ejected</span> out of use, for 1 h 2 min");
  expect(html).toContain("<dt>median</dt><dd>–</dd>");
  expect(html).toContain("<dt>p99</dt><dd>1.4 s</dd>");
  expect(html).toContain("<dt>requests</dt><dd>1,234,567</dd>");
  expect(html).toContain("<b>connection refused</b><br>1 min 1 s ago");
});

describe("differences", () => {
  test("are offered until somebody asks", () => {
    expect(page()).toContain('<a href="?compare">');
  });

  test("are told by server, with examples", () => {
    const none = { missing: 0, extra: 0, changed: 0, unlisted: 0, error: null, examples: [] };
    const html = page({
      differences: {
        atMs: nowMs - 5000,
        reference: "a:1",
        files: 12_345,
        replicas: [
          { ...none, server: "b:1" },
          { ...none, server: "c:1", missing: 1, changed: 2000, unlisted: 0, examples: ["/<b>/\\xff"] },
          { ...none, server: "d:1", error: "timed <out>" },
        ],
      },
    });
    expect(html).toContain("Compared with <b>a:1</b> (12,345 files) 5 s ago.");
    expect(html).toContain("✓ same names, sizes and times");
    expect(html).toContain("≠ 1 missing, 2,000 changed</span><p>/&lt;b&gt;/\\xff</p>");
    expect(html).toContain("✕ not compared</span><p>timed &lt;out&gt;</p>");
  });
});

test("a full cache and a busy minute", () => {
  const cache = { entries: 3, bytes: 600, limitBytes: 500, hits: 90, misses: 5, coalesced: 5 };
  const html = page({ cache, requestHistory: Array.from({ length: 60 }, (_, i) => i), requestsPerSecond: 59.4 });
  expect(html).toContain("width:100.0%");
  expect(html).toContain("95.0 %");
  expect(html).toContain('<div class="value">59</div>');
  expect(html.match(/<rect/g)).toHaveLength(60);
});

test("nothing that servers or users name can become markup", () => {
  const evil = "<img src=x onerror=\"alert('1')\">&\n\x1b";
  const html = page({
    root: evil,
    servers: [server("well", { name: evil, lastError: { message: evil, atMs: nowMs } })],
    differences: {
      atMs: nowMs,
      reference: evil,
      files: 1,
      replicas: [{ server: evil, missing: 1, extra: 0, changed: 0, unlisted: 0, error: null, examples: [evil] }],
    },
  });
  expect(html).not.toContain("<img");
  expect(html).not.toContain('onerror="');
});
