/** One good server, and beside it one that is bad in every way: no client ever sees an error. */
import { createServer } from "node:http";
import { chmodSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { freePort } from "../../src/cluster/free_port.ts";
import { type Cluster, startCluster, type TestServer } from "../helpers/cluster.ts";
import { type Fault, startFaultProxy } from "../helpers/fault_proxy.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { testBytes } from "./download.ts";
import { countBy, latency, startLoad, wrong } from "./load.ts";

setDefaultTimeout(60_000);

const mtime = 1_700_000_000;
const files: Readonly<Record<string, Buffer>> = {
  "/small.txt": testBytes(4_000, 1),
  "/dir/other.txt": testBytes(100, 2),
  "/medium.bin": testBytes(1_000_000, 3),
  // Larger than what is ever held, so that it is streamed.
  "/large.bin": testBytes(6_000_000, 4),
};
const texts = new Map(Object.entries(files).map(([path, bytes]) => [path, bytes.toString("latin1")]));
const contents = (path: string) => texts.get(path)!;
/** Mostly small ones. */
const path = (n: number) =>
  n % 10 === 9 ? "/large.bin" : n % 5 === 3 ? "/medium.bin" : n % 2 ? "/dir/other.txt" : "/small.txt";

const nothingKept = ["--cache-size", "0", "--cache-ttl", "0"];

/** How long a request may take beside a bad server: a hedge delay, what a chunk may take beyond it, and the machine's noise. */
const WORST_MS = 1_500;

interface Trial {
  readonly cluster: Cluster;
  readonly badHost: string;
  readonly options?: readonly string[];
  readonly requests?: number;
}

/** Asks for all files, for a while; all answers must be right and none late. */
async function expectNoHarm({ cluster, badHost, options = nothingKept, requests = 50 }: Trial): Promise<void> {
  const serversFile = join(cluster.directory, "good-and-bad.txt");
  writeFileSync(serversFile, `${cluster.hosts[0]}\n${badHost}\n`);
  const started = ["--servers", serversFile, "--debug-headers", "--access-log", "off", "--buffer-limit", "0"];
  await using web = await startWebServer([...started, ...options]);
  const replies = await startLoad({ port: web.port, clients: 4, count: requests, path, restMs: 5 }).done;
  const figures = `p50 ${Math.round(latency(replies, 0.5))}, max ${Math.round(latency(replies, 1))} ms`;
  console.log(`    ${badHost}: ${JSON.stringify(countBy(replies, ({ server }) => server))}, ${figures}`);
  expect(wrong(replies, contents)).toEqual([]);
  expect(web.stderr()).not.toContain("unexpected");
  expect(latency(replies, 1)).toBeLessThan(WORST_MS);
}

function plantAll(server: TestServer): void {
  for (const [name, bytes] of Object.entries(files)) server.plant(name, bytes, { mtime });
}

async function startPair(): Promise<Cluster> {
  const cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) plantAll(server);
  return cluster;
}

/** Two good servers; a test puts something bad in the place of the second one. */
let cluster: Cluster;
beforeAll(async () => {
  cluster = await startPair();
});
afterAll(async () => await cluster[Symbol.asyncDispose]());

describe("a server that is none", () => {
  test.each<[string, () => string | Promise<string>]>([
    ["a port that refuses", async () => `127.0.0.1:${await freePort()}`],
    ["an unknown host name", () => "no-such-host.invalid:9094"],
    ["an address that leads nowhere", () => "[100::1]:9094"],
  ])("%s", async (_, badHost) => {
    await expectNoHarm({ cluster, badHost: await badHost() });
  });

  test("an HTTP server", async () => {
    const http = createServer((_, response) => void response.end("hello"));
    const { promise, resolve } = Promise.withResolvers<void>();
    http.listen(0, "127.0.0.1", resolve);
    await promise;
    await expectNoHarm({ cluster, badHost: `127.0.0.1:${(http.address() as { port: number }).port}` });
    http.close();
  });
});

describe("behind a network that", () => {
  test.each<[string, Fault]>([
    ["accepts and is silent", { kind: "swallow" }],
    ["answers with garbage", { kind: "garbage" }],
    ["delays everything by 400 ms", { kind: "delay", ms: 400 }],
    ["delivers 1 byte/s", { kind: "drip", bytesPerSecond: 1 }],
    ["delivers 2 KB/s", { kind: "drip", bytesPerSecond: 2_000 }],
    ["swallows everything after the authentication", { kind: "blackHole", afterBytes: 100 }],
    ["swallows everything after 2 KB", { kind: "blackHole", afterBytes: 2_000 }],
    ["swallows everything after 2 MB", { kind: "blackHole", afterBytes: 2_000_000 }],
    ["cuts after 3 bytes (reset)", { kind: "cut", afterBytes: 3, how: "reset" }],
    ["cuts in the middle of an answer (reset)", { kind: "cut", afterBytes: 2_000, how: "reset" }],
    ["cuts in the middle of an answer (close)", { kind: "cut", afterBytes: 2_000, how: "close" }],
    ["cuts in the middle of a large answer (reset)", { kind: "cut", afterBytes: 600_000, how: "reset" }],
    ["cuts in the middle of a large answer (close)", { kind: "cut", afterBytes: 600_000, how: "close" }],
    ["cuts before getfile", { kind: "cutBefore", command: "getfile", how: "reset" }],
    ["cuts between open and read", { kind: "cutBefore", command: "pread", how: "reset" }],
    ["cuts before the version is checked", { kind: "cutBefore", command: "fstat", how: "close" }],
    ["lets nobody authenticate", { kind: "denyAuth" }],
  ])("%s", async (_, fault) => {
    await using proxy = await startFaultProxy(cluster.servers[1]!.port);
    await proxy.set(fault);
    await expectNoHarm({ cluster, badHost: proxy.host });
  });

  test("turns bad while it is used, in one way after the other", async () => {
    await using proxy = await startFaultProxy(cluster.servers[1]!.port);
    const serversFile = join(cluster.directory, "good-and-bad.txt");
    writeFileSync(serversFile, `${cluster.hosts[0]}\n${proxy.host}\n`);
    await using web = await startWebServer([
      "--servers",
      serversFile,
      "--debug-headers",
      "--access-log",
      "off",
      ...nothingKept,
    ]);
    const load = startLoad({ port: web.port, clients: 4, path, restMs: 5 });
    const faults: readonly Fault[] = [
      { kind: "blackHole", afterBytes: 10_000 },
      { kind: "refuse" },
      { kind: "drip", bytesPerSecond: 100 },
      { kind: "garbage" },
      { kind: "cut", afterBytes: 100_000, how: "reset" },
      { kind: "swallow" },
    ];
    for (const fault of faults) {
      await proxy.set({ kind: "none" });
      await Bun.sleep(400);
      await proxy.set(fault);
      await Bun.sleep(600);
    }
    const replies = await load.stop();
    expect(wrong(replies, contents)).toEqual([]);
    expect(latency(replies, 1)).toBeLessThan(WORST_MS);
  });
});

describe("a server on which", () => {
  test.each<[string, (server: TestServer) => void]>([
    ["a file is missing", (server) => rmSync(server.diskPath("/small.txt"))],
    ["a large file is missing", (server) => rmSync(server.diskPath("/large.bin"))],
    ["a directory is missing", (server) => rmSync(server.diskPath("/dir"), { recursive: true })],
    [
      "everything is missing",
      (server) =>
        ["/dir", ...Object.keys(files)].forEach((name) =>
          rmSync(server.diskPath(name), { recursive: true, force: true }),
        ),
    ],
    ["files are unreadable", (server) => Object.keys(files).forEach((name) => chmodSync(server.diskPath(name), 0o000))],
    ["a directory is closed by its rights", (server) => server.plantDirectory("/dir", { acl: [] })],
    ["everything is closed by its rights", (server) => server.plantDirectory("/", { acl: [] })],
    [
      "the root may be read but not listed",
      (server) => server.plantDirectory("/", { acl: ["unix:* r", "hostname:* r", "address:* r"] }),
    ],
  ])("%s", async (_, spoil) => {
    await using cluster = await startPair();
    spoil(cluster.servers[1]!);
    await expectNoHarm({ cluster, badHost: cluster.hosts[1]! });
    await expectNoHarm({ cluster, badHost: cluster.hosts[1]!, options: [], requests: 30 });
  });

  test("files were cut short: every answer is one version or the other, whole", async () => {
    await using cluster = await startPair();
    for (const name of Object.keys(files)) truncateSync(cluster.servers[1]!.diskPath(name), 50);
    await using web = await startWebServer(["--servers", cluster.serversFile, "--access-log", "off", ...nothingKept]);
    const replies = await startLoad({ port: web.port, clients: 4, count: 80, path }).done;
    const isOneVersion = ({ status, body, path }: (typeof replies)[number]) =>
      status === 200 && (body === contents(path) || body === contents(path).slice(0, 50));
    expect(replies.filter((reply) => !isOneVersion(reply))).toEqual([]);
  });
});
