/** servers.txt edited while requests come in. */
import { renameSync, writeFileSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import { startCluster } from "../helpers/cluster.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { download, sha256, testBytes } from "./download.ts";
import { startLoad, until, wrong } from "./load.ts";

setDefaultTimeout(60_000);

const contents = (path: string) => `contents of ${path}`;
const path = (n: number) => `/file${n % 20}.txt`;

test("servers are added and removed under load without a failed request; a bad list changes nothing", async () => {
  await using cluster = await startCluster({ servers: 3 });
  for (const server of cluster.servers) for (let n = 0; n < 20; n++) server.plant(path(n), contents(path(n)));
  const [a, b, c] = cluster.hosts as [string, string, string];
  const write = (text: string) => writeFileSync(cluster.serversFile, text);
  write(`${a}\n`);
  await using web = await startWebServer([
    "--servers",
    cluster.serversFile,
    "--debug-headers",
    "--access-log",
    "off",
    "--cache-ttl",
    "0.05",
  ]);
  const load = startLoad({ port: web.port, clients: 4, path, restMs: 2 });
  /** The servers that answered what was asked from now on. */
  const inUse = async (hosts: readonly string[]) => {
    const from = performance.now();
    await until(`in use: ${hosts.join(", ")}`, 3_000, () => {
      const recent = load.replies.filter(({ at }) => at > from).slice(-60);
      const seen = new Set(recent.map(({ server }) => server));
      return recent.length === 60 && seen.size === hosts.length && hosts.every((host) => seen.has(host));
    });
  };
  await inUse([a]);
  write(`${a}\n${b} # new\n`);
  await inUse([a, b]);
  // As editors and tools do it.
  writeFileSync(`${cluster.serversFile}.new`, `${b}\n${c}\n`);
  renameSync(`${cluster.serversFile}.new`, cluster.serversFile);
  await inUse([b, c]);
  write(`${b}\n${c}\n${c}\n`);
  await until("refused", 3_000, () => web.stderr().includes("the old list stays in use"));
  await inUse([b, c]);
  write("");
  await until("refused", 3_000, () => web.stderr().includes("no servers"));
  await inUse([b, c]);
  write(`${c}\n${a}\n`);
  web.kill("SIGHUP");
  await inUse([a, c]);
  for (let round = 0; round < 6; round++) {
    write(round % 2 ? `${a}\n${c}\n` : `${b}\n${a}\n`);
    await Bun.sleep(150);
  }
  await inUse([a, c]);
  expect(wrong(await load.stop(), contents)).toEqual([]);
  expect(web.stderr()).not.toContain("unexpected");
});

test("a download goes on when its server is taken off the list", async () => {
  const big = testBytes(80 * 1024 * 1024);
  await using cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) server.plant("/big.bin", big, { mtime: 1_700_000_000 });
  await using web = await startWebServer(["--servers", cluster.serversFile, "--debug-headers", "--access-log", "off"]);
  let sender = "";
  const { response } = await download({
    port: web.port,
    path: "/big.bin",
    onHead: (head) => {
      sender = /X-Served-By: (\S+)/.exec(head)?.[1] ?? "";
      return true;
    },
    at: {
      bytes: 20 * 1024 * 1024,
      act: async () => {
        writeFileSync(cluster.serversFile, cluster.hosts.filter((host) => host !== sender).join("\n"));
        await until("read", 3_000, () => web.stderr().includes("1 server"));
      },
    },
  });
  expect(sha256(response!.body)).toBe(sha256(big));
});
