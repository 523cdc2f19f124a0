/** Bytes by chance on the web server's socket: it never crashes, hangs, or gives away what is not the site's. */
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Cluster, startCluster } from "../helpers/cluster.ts";
import type { SeededRandom } from "../helpers/seeded_random.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { sampleProcess } from "../soak/process_watch.ts";
import { fuzz, fuzzLimitMs, fuzzSeconds, mutate, randomText } from "./fuzz_run.ts";

const SECRET = "KEEP-THIS-INSIDE";
const PAGE = "the page that everybody may see";
const CONNECTIONS_AT_A_TIME = 16;
/** Bun ends a connection whose headers do not come after 12 s; ours end when we hang up, long before. */
const HANG_UP_MS = 400;
/** What parsing garbage may leave behind. */
const RSS_GROWTH_MIB = 150;

let cluster: Cluster;
let web: WebServer;

beforeAll(async () => {
  cluster = await startCluster({ servers: 1 });
  const [server] = cluster.servers;
  server.plant("/site/index.html", PAGE);
  server.plant("/site/a/b.txt", "text");
  server.plant("/site/.hidden", SECRET);
  server.plant("/site/.git/config", SECRET);
  server.plant("/outside.txt", SECRET);
  server.plant("/site_secret/x", SECRET);
  const options = ["--servers", cluster.serversFile, "--root", "/site", "--autoindex", "--access-log", "json"];
  web = await startWebServer([...options, "--admin", "127.0.0.1:0"]);
});

afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const targets = [
  "/",
  "/a/b.txt",
  "/a",
  "/../outside.txt",
  "/%2e%2e/outside.txt",
  "/..%2foutside.txt",
  "/a/..%5c..%5coutside.txt",
  "/.hidden",
  "/.git/config",
  "/.__acl",
  "/a/.__acl",
  "/%2e__acl",
  "//site_secret/x",
  "/../site_secret/x",
  "/a/../../site_secret/x",
  "/%c0%ae%c0%ae/outside.txt",
  "/index.html%00.txt",
  "*",
  "http://h/../outside.txt",
  "/.well-known/../../outside.txt",
  "\\..\\outside.txt",
];
const methods = ["GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "CONNECT", "get", "G\0T", ""];
const versions = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9", "", "http/1.1", "HTTP/1.1 "];
const headers = [
  "Host: h",
  "Host: h",
  "Host: h, i",
  "Host:",
  "Host : h",
  " Host: h",
  "Range: bytes=0-3",
  "Range: bytes=5-2",
  "If-None-Match: *",
  "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
  "Content-Length: 5",
  "Content-Length: -1",
  "Content-Length: 5, 6",
  "Content-Length: 99999999999999999999",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding : chunked",
  "Connection: close",
  "Connection: upgrade",
  "Upgrade: websocket",
  "Expect: 100-continue",
  "Accept-Encoding: br;q=1, *;q=0",
  "X: \x01",
  "\x80: y",
  "X:y\rZ: w",
  "Cookie: ".padEnd(9000, "c"),
];
const bodies = [
  "",
  "",
  "",
  "hello",
  "5\r\nhello\r\n0\r\n\r\n",
  "GET /outside.txt HTTP/1.1\r\nHost: h\r\n\r\n",
  "ffffffffffffffff\r\n",
  "0\r\n\r\n",
];

function randomRequest(random: SeededRandom): string {
  const end = random.chance(0.9) ? "\r\n" : random.pick(["\n", "\r", "\r\n\r\n"]);
  const target = random.chance(0.5) ? random.pick(targets) : `/${randomText(random, targets, 3)}`;
  const lines = [`${random.pick(methods)} ${target} ${random.pick(versions)}`];
  for (let count = random.int(0, 4); count > 0; count--) lines.push(random.pick(headers));
  const request = `${lines.join(end)}${end}${end}${random.pick(bodies)}`;
  return random.chance(0.4) ? mutate(random, request) : request;
}

/** Sends, in one piece or several, and gives what came until the server closed or we hang up. */
async function converse(bytes: Buffer, random: SeededRandom): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect(web.port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk)).on("close", () => resolve());
  // Refusals that come while we are still sending end in a reset.
  socket.on("error", () => resolve());
  const cut = random.chance(0.3) ? random.int(0, bytes.length) : bytes.length;
  socket.on("connect", () => {
    socket.write(bytes.subarray(0, cut));
    setTimeout(() => socket.destroyed || socket.write(bytes.subarray(cut)), 5);
  });
  const timer = setTimeout(resolve, HANG_UP_MS);
  await promise;
  clearTimeout(timer);
  socket.destroy();
  return Buffer.concat(chunks).toString("latin1");
}

function check(sent: string, answer: string): void {
  const shown = JSON.stringify(sent.slice(0, 300));
  const host = cluster.hosts[0]!;
  for (const word of [SECRET, "unix:", "hostname:*", host, "node_modules", "src/web", "ChirpError"]) {
    if (answer.includes(word)) throw new Error(`${shown} brought ${word}: ${JSON.stringify(answer.slice(0, 500))}`);
  }
  if (answer === "") return;
  // Of each answer, where what was sent was taken for several requests; no page repeats what was sent.
  const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status!);
  const allowed = [
    "100",
    "200",
    "204",
    "206",
    "301",
    "304",
    "400",
    "403",
    "404",
    "405",
    "411",
    "412",
    "413",
    "414",
    "416",
    "417",
    "431",
    "501",
    "505",
  ];
  if (!/^HTTP\/1\.1 \d{3} /.test(answer) || !statuses.every((status) => allowed.includes(status)))
    throw new Error(`${shown} was answered ${JSON.stringify(answer.slice(0, 200))}`);
}

async function expectWell(): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${web.port}/`);
  expect([response.status, await response.text()]).toEqual([200, PAGE]);
}

test(
  "requests by chance",
  async () => {
    await expectWell();
    const before = sampleProcess(web.pid)!;
    await fuzz("raw socket", fuzzSeconds(3), async (random) => {
      await Promise.all(
        Array.from({ length: CONNECTIONS_AT_A_TIME }, async () => {
          const sent = random.chance(0.05)
            ? random.bytes(random.int(1, 3000)).toString("latin1")
            : randomRequest(random);
          check(sent, await converse(Buffer.from(sent, "latin1"), random));
        }),
      );
      await expectWell();
    });
    const after = sampleProcess(web.pid)!;
    expect(after.rssMiB - before.rssMiB).toBeLessThan(RSS_GROWTH_MIB);
    expect(web.stderr()).not.toContain("unexpected");
    // Every line of the log is one record, whatever was asked for.
    for (const line of web.stdout().split("\n").slice(0, -1)) expect(JSON.parse(line)).toBeObject();
    const metrics = await (await fetch(`http://127.0.0.1:${web.adminPort}/metrics`)).text();
    expect(metrics).not.toMatch(/requests_total\{status="5/);
  },
  fuzzLimitMs(3),
);
