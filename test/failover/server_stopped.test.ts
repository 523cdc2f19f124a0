/** A server stopped by SIGSTOP: its kernel still accepts connections, and nothing answers. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { startCluster } from "../helpers/cluster.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { countBy, get, latency, type Reply, startLoad, until, wrong } from "./load.ts";

setDefaultTimeout(60_000);

const files = 300;
const path = (n: number) => `/d${n % 3}/file${n % files}.txt`;
const contents = (path: string) => `contents of ${path} `.repeat(100);

/** Below this, latencies tell of the machine and not of the server. */
const NOISE_MS = 60;

test.each([
  ["with the cache", []],
  ["without any cache", ["--cache-size", "0", "--cache-ttl", "0"]],
])("one of three stopped under load, %s: no failure, no long wait, and it comes back", async (_, options) => {
  await using cluster = await startCluster({ servers: 3 });
  for (const server of cluster.servers) {
    for (let n = 0; n < files; n++) server.plant(path(n), contents(path(n)), { mtime: 1_700_000_000 });
  }
  const [, , third] = cluster.servers;
  await using web = await startWebServer([
    "--servers",
    cluster.serversFile,
    "--debug-headers",
    "--access-log",
    "off",
    ...options,
  ]);
  const isInUse = async () => (await get(web.port, path(0))).server === third!.host;
  await until("all in use", 5_000, isInUse);

  // Far from what the servers can do, so that queues do not blur the picture.
  const load = startLoad({ port: web.port, clients: 8, path, restMs: 40 });
  await Bun.sleep(1_500);
  const healthy = load.replies.slice();
  third!.stop();
  const stoppedAt = performance.now();
  await Bun.sleep(4_000);
  third!.resume();
  const resumedAt = performance.now();
  const isBack = (replies: readonly Reply[]) =>
    replies.some(({ at, server }) => at > resumedAt && server === third!.host);
  const backMs = await until("in use again", 2_000, () => isBack(load.replies));
  await Bun.sleep(500);
  const replies = await load.stop();

  const during = replies.filter(({ at }) => at > stoppedAt && at < resumedAt);
  const detected = during.filter(({ at }) => at > stoppedAt + 1_000);
  const figures = {
    healthy: { p50: latency(healthy, 0.5), p99: latency(healthy, 0.99), max: latency(healthy, 1) },
    stopped: { p99: latency(detected, 0.99), max: latency(during, 1), requests: during.length },
    backMs,
    servers: countBy(during, ({ server }) => server),
  };
  console.log(JSON.stringify(figures, (_, value: unknown) => (typeof value === "number" ? Math.round(value) : value)));
  expect(wrong(replies, contents)).toEqual([]);
  expect(figures.stopped.max).toBeLessThan(1_000);
  expect(figures.stopped.p99).toBeLessThan(Math.max(NOISE_MS, 2 * figures.healthy.p99));
  expect(detected.filter(({ server }) => server === third!.host)).toEqual([]);
});

test("stopped again and again, it is in use within 2 s each time", async () => {
  await using cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) server.plant("/a.txt", contents("/a.txt"), { mtime: 1_700_000_000 });
  const [, second] = cluster.servers;
  await using web = await startWebServer([
    "--servers",
    cluster.serversFile,
    "--debug-headers",
    "--access-log",
    "off",
    "--cache-ttl",
    "0",
  ]);
  const load = startLoad({ port: web.port, clients: 4, path: () => "/a.txt", restMs: 20 });
  const times: number[] = [];
  for (let round = 1; round <= 2; round++) {
    const isIn = (since: number) =>
      load.replies.some(({ at, server, status }) => at > since && server === second!.host && status === 200);
    second!.stop();
    // Longer than a suspicion takes to become certainty.
    await Bun.sleep(3_600);
    second!.resume();
    const resumedAt = performance.now();
    times.push(await until(`in use again in round ${round}`, 2_000, () => isIn(resumedAt)));
  }
  console.log(`in use again after ${times.map(Math.round).join(", ")} ms`);
  expect(wrong(await load.stop(), contents)).toEqual([]);
});
