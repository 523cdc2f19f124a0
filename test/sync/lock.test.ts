/** One run per target at a time: what takes the lock, and what losing it does. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isOfLocking, takeLock } from "../../src/sync/lock/lock.ts";
import { formatLockOwner } from "../../src/sync/lock/lock_owner.ts";
import { createConnections } from "../../src/sync/store/connections.ts";
import { parseEndpoint } from "../../src/sync/store/endpoint.ts";
import type { TestServer } from "../helpers/cluster.ts";
import { startTripwire } from "../helpers/tripwire_proxy.ts";
import { diskTree, plantSite, startServers } from "./servers.ts";
import { connectionOptions, describeTree, runProgram, sync } from "./sync_run.ts";
import { waitUntil } from "./wait.ts";

const LIMIT_MS = 60_000;

test("a run that only deletes takes the lock before the first deletion, and gives it back", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  const words = [source.host, "/site", first.host, "/copy"];
  await sync(words);
  first.plant("/copy/extra", "x");
  await first.forgetRpcs();
  expect((await sync(words, { delete: true })).report.exitCode).toBe(0);
  const log = await first.rpcLog();
  const locked = log.findIndex((line) => line.startsWith("rename") && line.endsWith("/.__chirpsync/lock"));
  const deleted = log.indexOf("unlink /copy/extra");
  expect(locked).toBeGreaterThan(-1);
  expect(deleted).toBeGreaterThan(locked);
  expect(existsSync(diskTree(first, "/copy/.__chirpsync"))).toBe(false);
});

test(
  "a lock that is lost half way ends the run with 33: nothing more is published or deleted, and what the other run has is left alone",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    plantSite(source, 400, 40, "x".repeat(10_000));
    first.plant("/copy/extra", "x");
    const running = sync([source.host, "/site", first.host, "/copy"], { bandwidth: 150_000, delete: true });
    const place = diskTree(first, "/copy/.__chirpsync");
    await waitUntil("it is at work", async () => ((await first.countRpcs())["putfile"] ?? 0) > 10);
    // What another machine's run does when the heartbeat was silent for too long.
    const other = formatLockOwner({ machine: "0123456789ab", pid: 1, startTime: "1", nonce: "00000000" });
    renameSync(join(place, "lock"), join(place, "stale-00000000"));
    rmSync(join(place, "stale-00000000"), { recursive: true });
    first.plantDirectory("/copy/.__chirpsync/lock");
    first.plant(`/copy/.__chirpsync/lock/${other}`, "x");
    first.plant("/copy/.__chirpsync/of-the-other", "x");
    const { report } = await running;
    const [target] = report.targets;
    expect(report.exitCode).toBe(33);
    expect(target?.ending?.message).toContain("another run has taken over the lock");
    expect(target?.seconds).toBeLessThan(20);
    expect(target?.counts.copied).toBeLessThan(400);
    expect(existsSync(diskTree(first, "/copy/extra"))).toBe(true);
    expect(readdirSync(place)).toContain("of-the-other");
    expect(readdirSync(join(place, "lock"))).toContain(other);
  },
  LIMIT_MS,
);

test(
  "several runs that make the same new target at once: some do it, the others end with 33",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    plantSite(source, 60, 3);
    const words = ["-r", "--settle", "0", "-d", source.host, "/site", first.host];
    for (let round = 0; round < 3; round++) {
      const runs = await Promise.all([1, 2, 3].map(() => runProgram([...words, `/copy${round}`])));
      const codes = runs.map(({ exitCode }) => exitCode);
      expect(codes, runs.map(({ stderr }) => stderr).join("")).toContain(0);
      expect([0, 33], runs.map(({ stderr }) => stderr).join("")).toEqual(expect.arrayContaining(codes));
      expect(describeTree(diskTree(first, `/copy${round}`))).toEqual(describeTree(diskTree(source, "/site")));
    }
  },
  LIMIT_MS,
);

test(
  "a machine that slept for ten minutes keeps its lock: the heartbeat is of the server's time again",
  async () => {
    await using servers = await startServers();
    const { first } = servers;
    await sleepTenMinutes(first, first.host, async () => {
      await hasBeaten(first);
      const place = diskTree(first, "/place/lock");
      const [holder] = readdirSync(place).filter((name) => !name.startsWith(".__"));
      expect(Math.abs(statSync(join(place, holder!)).mtimeMs - Date.now())).toBeLessThan(30_000);
    });
    expect(readdirSync(diskTree(first, "/place"))).toEqual([".__acl"]);
  },
  LIMIT_MS,
);

test("nor is it taken for lost when the server removes late the file that was to tell its time", async () => {
  await using servers = await startServers();
  const { first } = servers;
  await using wire = await startTripwire(first.port);
  await sleepTenMinutes(first, `127.0.0.1:${wire.port}`, async () => {
    const place = diskTree(first, "/place");
    const remove = () => {
      for (const name of readdirSync(place).filter(isOfLocking)) rmSync(join(place, name));
    };
    await wire.arm({ on: "command", names: ["lstat"], line: /\/time-/, nth: 1 }, remove);
    await hasBeaten(first);
  });
});

test("nor when the file that was to tell the server's time cannot be written", async () => {
  await using servers = await startServers();
  const { first } = servers;
  await using wire = await startTripwire(first.port);
  await sleepTenMinutes(first, `127.0.0.1:${wire.port}`, async () => {
    const list = join(diskTree(first, "/place"), ".__acl");
    const rights = readFileSync(list);
    const deny = () => writeFileSync(list, "");
    await wire.arm({ on: "command", names: ["putfile"], line: /\/time-/, nth: 1 }, deny);
    await hasBeaten(first);
    writeFileSync(list, rights);
  });
});

test("and asks once for the time of a server that is away for several heartbeats", async () => {
  await using servers = await startServers();
  const { first } = servers;
  await using wire = await startTripwire(first.port);
  await sleepTenMinutes(first, `127.0.0.1:${wire.port}`, async (beats) => {
    const missed = () => waitUntil("beats are missed", () => beats() > 10);
    await wire.arm({ on: "command", names: ["putfile"], line: /\/time-/, nth: 1 }, missed);
    await hasBeaten(first);
    expect((await first.countRpcs())["putfile"]).toBe(1);
  });
});

const hasBeaten = (server: TestServer) =>
  waitUntil("its heart has beaten", async () => ((await server.countRpcs())["utime"] ?? 0) > 0);

/** Takes a lock at /place whose heart is quick, lets the machine sleep, and gives the lock back, which must not be lost by then. */
async function sleepTenMinutes(
  server: TestServer,
  host: string,
  afterwards: (beats: () => number) => Promise<void>,
): Promise<void> {
  server.plantDirectory("/place");
  const stores = createConnections(connectionOptions);
  const store = stores.store(parseEndpoint(host, "/place", "/"));
  const [awake, interval] = [performance.now.bind(performance), globalThis.setInterval];
  let beats = 0;
  const quick = (beat: () => void) => interval(() => (beats++, beat()), 50);
  globalThis.setInterval = Object.assign(quick, interval);
  const lock = await takeLock({ store, place: "/place", warn: () => undefined });
  globalThis.setInterval = interval;
  await server.forgetRpcs();
  // The clock that stands still in sleep, as it is afterwards.
  performance.now = () => awake() - 600_000;
  try {
    await Promise.race([afterwards(() => beats), lock.lost]);
  } finally {
    performance.now = awake;
    await lock.release();
    await stores.close();
  }
}
