/** What a synchronisation costs in RPCs: the one measure that a busy machine cannot blur. */
import { expect, test } from "bun:test";
import { plantSite, startServers } from "./servers.ts";
import { sync } from "./sync_run.ts";

const LIMIT_MS = 120_000;

/**
 * Beyond one listing per directory: whoami, the stats of the directory and its parents that show source and target to be apart, and
 * on a target one look into staging and a second stat of the directory.
 */
const CONSTANT = 8;

test(
  "1,000 files in 50 directories: first copy, no change",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    plantSite(source, 1000, 50);
    const total = async (server: typeof source) => (await server.rpcLog()).length;
    const forget = async () => await Promise.all([source, first].map(async (server) => await server.forgetRpcs()));

    expect((await sync([source.host, "/site", first.host, "/copy"])).report.exitCode).toBe(0);
    const copy = (await total(source)) + (await total(first));
    console.log(`first copy: ${copy / 1000} RPCs a file over both servers`);
    // getfile, putfile and utime a file; two listings, mkdir, rename and utime a directory.
    expect(copy).toBeLessThanOrEqual(3 * 1000 + 5 * 50 + 40);

    await forget();
    expect((await sync([source.host, "/site", first.host, "/copy"])).report.exitCode).toBe(0);
    for (const server of [source, first]) {
      expect((await server.countRpcs())["getlongdir"]).toBeLessThanOrEqual(52);
      expect(await total(server)).toBeLessThanOrEqual(51 + CONSTANT);
    }
  },
  LIMIT_MS,
);

test(
  "three targets: the source is read once",
  async () => {
    await using servers = await startServers();
    const { source, first, second } = servers;
    plantSite(source, 200, 10);
    const words = [source.host, "/site", first.host, "/copy", second.host, "/copy", second.host, "/other"];
    expect((await sync(words)).report.exitCode).toBe(0);
    const counts = await source.countRpcs();
    expect(counts["getfile"]).toBe(200);
    expect(counts["getlongdir"]).toBeLessThanOrEqual(11 * 2);
  },
  LIMIT_MS,
);

test(
  "a large file costs at most half an RPC a MB, and is read once for two targets",
  async () => {
    await using servers = await startServers();
    const { source, first, second } = servers;
    const megabytes = 200;
    source.plant("/site/large", new Uint8Array(megabytes * 1_000_000).fill(7), { mtime: 1 });
    const before = performance.now();
    const { report } = await sync([source.host, "/site", first.host, "/copy"]);
    expect(report.exitCode).toBe(0);
    const rpcs = (await source.rpcLog()).length + (await first.rpcLog()).length;
    console.log(
      `${megabytes} MB: ${rpcs} RPCs, ${((megabytes * 1000) / (performance.now() - before)).toFixed(0)} MB/s`,
    );
    expect(rpcs).toBeLessThanOrEqual(megabytes / 2);
    await source.forgetRpcs();
    await sync([source.host, "/site", first.host, "/again", second.host, "/copy"]);
    expect((await source.countRpcs())["pread"]).toBeLessThanOrEqual(26);
  },
  LIMIT_MS,
);
