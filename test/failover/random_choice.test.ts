/** The random choice is uniform over the servers that are well, and a server that differs is seen to differ. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { startCluster } from "../helpers/cluster.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { uniformityP } from "./chi_square.ts";
import { countBy, startLoad } from "./load.ts";

setDefaultTimeout(60_000);

/** A uniform choice falls below this once in a thousand times; so one more try is due before it is called uneven. */
const P_MIN = 0.001;

test.each([
  ["with the cache", [], 10_000],
  // Each costs an RPC or two; the servers do a few hundred a second.
  ["without a cache", ["--cache-size", "0"], 10_000],
])("10,000 requests %s go to three servers evenly", async (_, options, requests) => {
  await using cluster = await startCluster({ servers: 3 });
  for (const server of cluster.servers) server.plant("/which.txt", `this is ${server.host}`, { mtime: 1_700_000_000 });
  await using web = await startWebServer([
    "--servers",
    cluster.serversFile,
    "--debug-headers",
    "--access-log",
    "off",
    ...options,
  ]);
  const pOfRun = async () => {
    const replies = await startLoad({ port: web.port, clients: 8, count: requests, path: () => "/which.txt" }).done;
    const counts = countBy(replies, ({ body }) => body);
    const p = uniformityP(Object.values(counts));
    console.log(`${JSON.stringify(counts)}: p = ${p.toFixed(4)}`);
    expect(Object.keys(counts).sort()).toEqual(cluster.hosts.map((host) => `this is ${host}`).sort());
    expect(replies.filter(({ body, server }) => body !== `this is ${server}`)).toEqual([]);
    return p;
  };
  const p = await pOfRun();
  expect(p > P_MIN ? p : await pOfRun()).toBeGreaterThan(P_MIN);
});
