/** A path that no server can read, asked for a thousand times: no server is blamed for it, and other requests are unharmed. */
import { symlinkSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import { type Cluster, startCluster } from "../helpers/cluster.ts";
import { run } from "../helpers/run.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { countBy, latency, startLoad, until, wrong } from "./load.ts";

setDefaultTimeout(60_000);

const contents = (path: string) => `contents of ${path}`;
const goodPath = (n: number) => `/good/file${n % 20}.txt`;
/** Differences below this are the machine's. */
const NOISE_MS = 100;

async function plantAll(cluster: Cluster): Promise<void> {
  for (const server of cluster.servers) {
    for (let n = 0; n < 20; n++) server.plant(goodPath(n), contents(goodPath(n)), { mtime: 1_700_000_000 });
    server.plantDirectory("/strange");
    symlinkSync("loop", server.diskPath("/strange/loop"));
    symlinkSync("nowhere", server.diskPath("/strange/dangling"));
    symlinkSync("/etc/passwd", server.diskPath("/strange/outside"));
    await run(["mkfifo", "-m", "666", server.diskPath("/strange/pipe").toString()]);
    server.plant("/strange/unreadable.txt", "secret", { mode: 0o000 });
    server.plant("/denied/file.txt", "denied");
    server.plantDirectory("/denied", { acl: [] });
  }
}

/** RPCs that all servers together received. */
async function rpcs(cluster: Cluster): Promise<number> {
  const counts = await Promise.all(cluster.servers.map((server) => server.countRpcs()));
  return counts
    .flatMap((byCommand) => Object.entries(byCommand))
    .reduce((sum, [name, n]) => sum + (name === "whoami" ? 0 : n), 0);
}

const strange: readonly (readonly [string, number])[] = [
  ["/strange/loop", 404],
  ["/strange/dangling", 404],
  ["/strange/outside", 404],
  ["/strange/pipe", 404],
  ["/strange/missing", 404],
  ["/strange/missing/below", 404],
  ["/strange/unreadable.txt", 403],
  ["/denied/file.txt", 403],
];

test.each([
  // One stat or open for each server and TTL, and one listing.
  ["with the cache", [], 1_000, 0.1],
  // Everything is asked each time, of all three servers.
  ["with nothing remembered", ["--cache-ttl", "0", "--cache-size", "0"], 200, 3.5],
])("paths that cannot be read, hammered %s", async (_, options, hammered, rpcsPerRequest) => {
  await using cluster = await startCluster({ servers: 3 });
  await plantAll(cluster);
  await using web = await startWebServer([
    "--servers",
    cluster.serversFile,
    "--debug-headers",
    "--access-log",
    "off",
    ...options,
  ]);
  const good = startLoad({ port: web.port, clients: 2, path: goodPath, restMs: 10 });
  // What others see beside a like number of harmless requests.
  await startLoad({ port: web.port, clients: 4, count: hammered, path: goodPath }).done;
  const before = good.replies.slice(20);
  const beforeEnd = good.replies.length;

  for (const [path, status] of strange) {
    await Promise.all(cluster.servers.map((server) => server.forgetRpcs()));
    const count = path === "/strange/loop" ? hammered : hammered / 4;
    const othersBefore = good.replies.length;
    const replies = await startLoad({ port: web.port, clients: 4, count, path: () => path }).done;
    const others = good.replies.length - othersBefore;
    const perRequest = (await rpcs(cluster)) / (count + others);
    console.log(`    ${path}: ${perRequest.toFixed(3)} RPCs per request, p99 ${Math.round(latency(replies, 0.99))} ms`);
    expect(countBy(replies, (reply) => String(reply.status))).toEqual({ [status]: count });
    expect(perRequest).toBeLessThan(rpcsPerRequest);
  }
  const replies = await good.stop();
  const during = replies.slice(beforeEnd);
  console.log(
    `    others: p99 ${latency(before, 0.99).toFixed(1)} ms before, ${latency(during, 0.99).toFixed(1)} ms beside them`,
  );
  expect(wrong(replies, contents)).toEqual([]);
  expect(web.stderr()).not.toMatch(/is not used|unexpected/);
  expect(latency(during, 0.99)).toBeLessThan(2 * latency(before, 0.99) + NOISE_MS);
});

test("a pipe in a directory that may not be listed, which hangs whoever opens it", async () => {
  await using cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) {
    for (let n = 0; n < 20; n++) server.plant(goodPath(n), contents(goodPath(n)), { mtime: 1_700_000_000 });
    server.plant("/unlisted/a.txt", contents("/unlisted/a.txt"));
    server.plantDirectory("/unlisted", { acl: ["unix:* r", "hostname:* r", "address:* r"] });
    await run(["mkfifo", "-m", "666", server.diskPath("/unlisted/pipe").toString()]);
  }
  await using web = await startWebServer([
    "--servers",
    cluster.serversFile,
    "--debug-headers",
    "--access-log",
    "off",
    "--cache-ttl",
    "0",
  ]);
  const path = (n: number) => (n % 5 === 0 ? "/unlisted/a.txt" : goodPath(n));
  const good = startLoad({ port: web.port, clients: 2, path, restMs: 10 });
  const pipe = startLoad({ port: web.port, clients: 4, path: () => "/unlisted/pipe", restMs: 10 });
  // The first ones wait in vain; then it is known.
  await until("404", 10_000, () => pipe.replies.some(({ status }) => status === 404));
  await Bun.sleep(500);
  const replies = await good.stop();
  const hung = await pipe.stop();
  console.log(
    `    ${JSON.stringify(countBy(hung, ({ status }) => String(status)))}, others p99 ${latency(replies, 0.99)} ms`,
  );
  expect(wrong(replies, contents)).toEqual([]);
  expect(web.stderr()).not.toMatch(/is not used|unexpected/);
});
