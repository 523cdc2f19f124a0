/** Servers killed by SIGKILL, with all their processes, under load. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { startCluster, type TestServer } from "../helpers/cluster.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { get, latency, startLoad, until, wrong } from "./load.ts";

setDefaultTimeout(60_000);

const files = 40;
const contents = (path: string) => `contents of ${path} `.repeat(200);
const path = (n: number) => `/d${n % 4}/file${n % files}.txt`;

function plantAll(servers: readonly TestServer[]): void {
  for (const server of servers) {
    for (let n = 0; n < files; n++) server.plant(path(n), contents(path(n)), { mtime: 1_700_000_000 });
  }
}

describe.each([
  ["with the cache", [], 2_000],
  ["without any cache", ["--cache-size", "0", "--cache-ttl", "0"], 2_000],
])("%s", (_, options, requests) => {
  test("two of three killed: every request is answered; all killed: 503; one restarted: served again", async () => {
    await using cluster = await startCluster({ servers: 3 });
    plantAll(cluster.servers);
    const [first, second, third] = cluster.servers;
    await using web = await startWebServer([
      "--servers",
      cluster.serversFile,
      "--debug-headers",
      "--access-log",
      "off",
      "--timeout",
      "5",
      ...options,
    ]);
    const load = startLoad({ port: web.port, clients: 8, count: requests, path });
    await load.reached(requests * 0.2);
    await second!.kill();
    await load.reached(requests * 0.5);
    await third!.kill();
    const replies = await load.done;
    expect(wrong(replies, contents)).toEqual([]);
    expect(replies.length).toBe(requests);

    await first.kill();
    // What is fresh in the cache may be served for the TTL.
    await until("503", 5_000, async () => (await get(web.port, path(1))).status === 503);
    const start = performance.now();
    const response = await fetch(`http://127.0.0.1:${web.port}${path(1)}`);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(performance.now() - start).toBeLessThan(5_500);

    await second!.restart();
    const backMs = await until("served again", 3_000, async () => (await get(web.port, path(3))).status === 200);
    console.log(`served again ${Math.round(backMs)} ms after the restart`);
    const after = await startLoad({ port: web.port, clients: 4, count: 100, path }).done;
    expect(wrong(after, contents)).toEqual([]);
  });
});

test("a server that is killed again and again is in use within 2 s each time, and fails nobody", async () => {
  await using cluster = await startCluster({ servers: 2 });
  plantAll(cluster.servers);
  const [, second] = cluster.servers;
  const options = ["--debug-headers", "--access-log", "off", "--cache-ttl", "0"];
  await using web = await startWebServer(["--servers", cluster.serversFile, ...options]);
  const load = startLoad({ port: web.port, clients: 4, path, restMs: 10 });
  const isUsedSince = (since: number) => load.replies.some(({ at, server }) => at > since && server === second!.host);
  const times: number[] = [];
  // A restart at once, and ones after its absence was noticed.
  for (const awayMs of [0, 1_500, 300]) {
    await second!.kill();
    await Bun.sleep(awayMs);
    await second!.restart();
    const restartedAt = performance.now();
    times.push(await until("in use again", 2_000, () => isUsedSince(restartedAt)));
    await Bun.sleep(300);
  }
  console.log(`    in use again after ${times.map(Math.round).join(", ")} ms`);
  const replies = await load.stop();
  expect(wrong(replies, contents)).toEqual([]);
  // A crash costs who meets it one more try, not a wait.
  expect(latency(replies, 0.99)).toBeLessThan(250);
});
