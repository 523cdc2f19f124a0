/** Every worker of one server's lane is blocked: who needs that server not, does not notice. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { startCluster } from "../helpers/cluster.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { get, latency, type Reply, startLoad } from "./load.ts";

setDefaultTimeout(60_000);

/** Differences below this are the machine's. */
const NOISE_MS = 60;
const contents = "a page";
const fresh = (n: number) => `/fresh${n}/page.html`;
const wanted = 600;

/** Asks one after the other, without a pause. */
async function askFor(port: number, ms: number, path: (n: number) => string, status: number): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const end = performance.now() + ms; performance.now() < end;)
    replies.push(await get(port, path(replies.length)));
  expect(replies.filter((reply) => reply.status !== status)).toEqual([]);
  return replies;
}

test("with all workers of one lane blocked, others are answered in their usual time", async () => {
  await using cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) {
    server.plant("/cached.html", contents, { mtime: 1_700_000_000 });
    for (let n = 0; n < wanted; n++) server.plant(fresh(n), contents, { mtime: 1_700_000_000 });
  }
  const [first, second] = cluster.servers;
  // What was asked for once stays known, on both servers.
  await using web = await startWebServer([
    "--servers",
    cluster.serversFile,
    "--debug-headers",
    "--access-log",
    "off",
    "--cache-ttl",
    "60",
  ]);
  await startLoad({ port: web.port, clients: 4, count: 60, path: () => "/cached.html" }).done;
  const usual = {
    memory: await askFor(web.port, 600, () => "/cached.html", 200),
    refused: await askFor(web.port, 300, () => "/.hidden", 404),
    lane: await askFor(web.port, 600, (n) => fresh(n % 100), 200),
  };
  const crowd = (from: number) => startLoad({ port: web.port, clients: 40, count: 120, path: (n) => fresh(from + n) });
  const crowded = await crowd(100).done;

  second!.stop();
  // More than the lane has workers, each for a directory that was never asked for.
  const blocking = crowd(220);
  const blocked = {
    memory: await askFor(web.port, 1_000, () => "/cached.html", 200),
    refused: await askFor(web.port, 500, () => "/.hidden", 404),
    // By now it is known that the server hangs; its workers are blocked as before.
    lane: await askFor(web.port, 600, (n) => fresh(340 + (n % 260)), 200),
  };
  const hung = await blocking.done;
  second!.resume();

  const tail = (replies: Readonly<Record<keyof typeof usual, readonly Reply[]>>) =>
    Object.entries(replies).map(([kind, all]) => [kind, latency(all, 0.9)] as const);
  const before = new Map(tail(usual));
  for (const [kind, ms] of tail(blocked)) {
    console.log(`    ${kind}: p90 ${before.get(kind)!.toFixed(1)} ms, ${ms.toFixed(1)} ms with the lane blocked`);
    expect(ms).toBeLessThan(2 * before.get(kind)! + NOISE_MS);
  }
  // The ones that met the hanging server were answered by the other one, and late by no more than a hedge delay.
  expect(hung.filter(({ status, server }) => status !== 200 || server !== first.host)).toEqual([]);
  expect(latency(hung, 1)).toBeGreaterThan(200);
  expect(latency(hung, 1)).toBeLessThan(latency(crowded, 1) + 1_000);
});
