/** What a server's listings say, and that answers follow them however much was prepared from the last one. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLane } from "../../src/chirp/lane.ts";
import { createReplicaView } from "../../src/web/content/replica_view.ts";
import { newTrace } from "../../src/web/content/trace.ts";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { startTripwire } from "../helpers/tripwire_proxy.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { waitUntil } from "../sync/wait.ts";

setDefaultTimeout(60_000);

const mtime = 1_700_000_000;
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ servers: 1 });
  const [server] = cluster.servers;
  for (const directory of ["/view", "/site"]) {
    server.plant(`${directory}/app.js`, "plain", { mtime });
    server.plant(`${directory}/other.js`, "other", { mtime });
  }
});

afterAll(() => cluster?.[Symbol.asyncDispose]());

describe("listed again", () => {
  const TTL_MS = 250;

  test("a directory that is the same keeps its stats, one that is not gets new ones", async () => {
    const [server] = cluster.servers;
    const address = { server: server.host, host: "127.0.0.1", port: server.port };
    const limits = { workers: 1, queueLimit: 10, timeoutMs: 10_000, connectTimeoutSeconds: 5 };
    const lane = createLane({ ...address, ...limits, auth: ["unix", "hostname", "address"], tickets: "" });
    try {
      const view = createReplicaView(lane, TTL_MS);
      const listedAgain = async () => {
        await waitUntil("the listing has expired", () => view.peek("/view/app.js") === undefined);
        await view.lookup("/view/app.js", newTrace());
        return view.peek("/view/app.js");
      };
      const first = await listedAgain();
      expect(await listedAgain()).toBe(first);
      server.plant("/view/other.js", "changed", { mtime: mtime + 1 });
      const third = await listedAgain();
      expect(third).toEqual(first);
      expect(third).not.toBe(first);
      server.plant("/view/third.js", "new", { mtime });
      expect(await listedAgain()).not.toBe(third!);
    } finally {
      await lane.close(0);
    }
  });
});

test("what changes beside a file changes its answer, within the TTL", async () => {
  const [server] = cluster.servers;
  const options = ["--servers", cluster.serversFile, "--access-log", "off", "--cache-ttl", "100ms"];
  await using web = await startWebServer(options);
  await waitUntil("its server is well", () => web.stderr().includes(`${server.host} is well`));
  const get = async () => {
    const asked = { headers: { "Accept-Encoding": "gzip" }, decompress: false };
    const response = await fetch(`http://127.0.0.1:${web.port}/site/app.js`, asked);
    const { headers } = response;
    return [headers.get("content-encoding"), headers.get("vary"), await response.text()];
  };
  const isAnsweredWith = (answer: readonly unknown[]) =>
    waitUntil(`the answer is ${JSON.stringify(answer)}`, async () => Bun.deepEquals(await get(), answer));

  await isAnsweredWith([null, null, "plain"]);
  server.plant("/site/app.js.gz", "gzip", { mtime });
  await isAnsweredWith(["gzip", "Accept-Encoding", "gzip"]);
  server.plant("/site/app.js.gz", "GZIP2", { mtime: mtime + 1 });
  await isAnsweredWith(["gzip", "Accept-Encoding", "GZIP2"]);
  rmSync(server.diskPath("/site/app.js.gz"));
  await isAnsweredWith([null, null, "plain"]);
  server.plant("/site/app.js", "newer", { mtime: mtime + 1 });
  await isAnsweredWith([null, null, "newer"]);
});

test("a listing that expires while contents are read has told of the copies beside the file all the same", async () => {
  const [server] = cluster.servers;
  server.plant("/slow/app.js", "plain", { mtime });
  server.plant("/slow/app.js.gz", "gzip", { mtime });
  await using wire = await startTripwire(server.port);
  const host = `127.0.0.1:${wire.port}`;
  const serversFile = join(cluster.directory, "wired.txt");
  writeFileSync(serversFile, `${host}\n`);
  const ttlMs = 200;
  const options = ["--servers", serversFile, "--access-log", "off", "--cache-ttl", `${ttlMs}ms`];
  await using web = await startWebServer(options);
  await waitUntil("its server is well", () => web.stderr().includes(`${host} is well`));
  const get = async (acceptEncoding: string) => {
    const asked = { headers: { "Accept-Encoding": acceptEncoding }, decompress: false };
    const response = await fetch(`http://127.0.0.1:${web.port}/slow/app.js`, asked);
    return [response.headers.get("vary"), await response.text()];
  };

  const expired = wire.arm({ on: "command", names: ["getfile"], nth: 1 }, () => Bun.sleep(2 * ttlMs));
  expect(await get("br")).toEqual(["Accept-Encoding", "plain"]);
  await expired;
  expect(await get("gzip")).toEqual(["Accept-Encoding", "gzip"]);
});
