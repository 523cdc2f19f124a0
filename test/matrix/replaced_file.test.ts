/** Large files that are replaced, as the synchroniser does it (by rename), between one request and the next. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { type Cluster, startCluster } from "../helpers/cluster.ts";
import { startTripwire } from "../helpers/tripwire_proxy.ts";
import { startWebServer } from "../helpers/web_server.ts";

setDefaultTimeout(60_000);

/** Above what the web server holds, so that it is read through files that workers keep open. */
const SIZE = 6 * 1024 * 1024;
const readOnly = ["unix:* r", "hostname:* r", "address:* r"];

function replace(cluster: Cluster, path: string, bytes: Buffer): void {
  for (const server of cluster.servers) {
    server.plant("/.__new", bytes);
    renameSync(server.diskPath("/.__new"), server.diskPath(path));
  }
}

async function get(port: number, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const body = Buffer.from(await response.arrayBuffer());
  return response.status === 200 ? `${body.length} of ${String.fromCharCode(body[0]!)}` : String(response.status);
}

test("a request right after the replacement gets the new file, though the listing that is remembered says otherwise", async () => {
  await using cluster = await startCluster({ servers: 2 });
  replace(cluster, "/big.bin", Buffer.alloc(SIZE, "a"));
  const options = ["--servers", cluster.serversFile, "--cache-ttl", "60", "--access-log", "off"];
  await using web = await startWebServer(options);
  // Often enough that every worker of both servers has it open.
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 8 }, () => get(web.port, "/big.bin")));
  }
  replace(cluster, "/big.bin", Buffer.alloc(SIZE + 1, "b"));
  const replies = await Promise.all(Array.from({ length: 8 }, () => get(web.port, "/big.bin")));
  // Who has a file open may give it to its end once more; nobody is turned away.
  const allowed = [`${SIZE} of a`, `${SIZE + 1} of b`];
  expect(replies.filter((reply) => !allowed.includes(reply))).toEqual([]);
});

test("where nothing may be listed, a file that workers hold open is not shown for longer than the TTL", async () => {
  await using cluster = await startCluster({ servers: 1 });
  cluster.servers[0].plantDirectory("/closed", { acl: readOnly });
  replace(cluster, "/closed/big.bin", Buffer.alloc(SIZE, "a"));
  await using web = await startWebServer(["--servers", cluster.serversFile, "--access-log", "off"]);
  expect(await get(web.port, "/closed/big.bin")).toBe(`${SIZE} of a`);
  replace(cluster, "/closed/big.bin", Buffer.alloc(SIZE + 1, "b"));
  // The TTL of a second, and the second in which both files look alike.
  await Bun.sleep(3_000);
  expect(await get(web.port, "/closed/big.bin")).toBe(`${SIZE + 1} of b`);
});

test("a server that stops before the first byte is not waited for when the others have another version", async () => {
  await using cluster = await startCluster({ servers: 2 });
  const [stopped, well] = cluster.servers;
  await using wire = await startTripwire(stopped.port);
  stopped.plant("/big.bin", Buffer.alloc(SIZE, "a"), { mtime: 1_600_000_000 });
  well!.plant("/big.bin", Buffer.alloc(SIZE + 1, "b"), { mtime: 1_600_000_100 });
  writeFileSync(cluster.serversFile, `127.0.0.1:${wire.port}\n${well!.host}\n`);
  await using web = await startWebServer(["--servers", cluster.serversFile, "--access-log", "off"]);
  void wire.arm({ on: "command", names: ["pread"], nth: 2 }, () => stopped.stop());
  const replies: string[] = [];
  for (let request = 0; request < 40 && !wire.hasTripped; request++) {
    const start = performance.now();
    replies.push(await get(web.port, "/big.bin"));
    // One hedge delay, and the noise of a busy machine.
    expect(performance.now() - start).toBeLessThan(2_500);
  }
  expect(wire.hasTripped).toBe(true);
  expect(replies.at(-1)).toBe(`${SIZE + 1} of b`);
  stopped.resume();
});
