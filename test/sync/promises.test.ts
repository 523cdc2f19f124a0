/** The promises of docs/chirp_synchronize.md, one by one, against real servers. The numbers are theirs. */
import { expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { formatLockOwner } from "../../src/sync/lock/lock_owner.ts";
import { diskTree, plantSite, startServers } from "./servers.ts";
import { describeTree, runProgram, sync, writingRpcs } from "./sync_run.ts";
import { waitUntil } from "./wait.ts";

const LIMIT_MS = 60_000;

test(
  "1: a reader sees the old or the new file, never a part of one",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    const size = 3_000_000;
    const path = diskTree(first, "/copy/page");
    first.plant("/copy/page", new Uint8Array(size).fill(0x30), { mtime: 1 });
    const words = [source.host, "/site", first.host, "/copy"];
    let isDone = false;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!isDone) {
        const bytes = await Bun.file(path).bytes();
        seen.add(`${bytes.length} ${bytes[0]} ${Buffer.from(bytes).equals(Buffer.alloc(bytes.length, bytes[0]))}`);
        await Bun.sleep(0);
      }
    })();
    for (let version = 1; version <= 8; version++) {
      source.plant("/site/page", new Uint8Array(size).fill(0x30 + version), { mtime: 1000 + version });
      expect((await sync(words)).report.exitCode).toBe(0);
    }
    isDone = true;
    await reading;
    expect([...seen].every((version) => version.startsWith(`${size} `) && version.endsWith(" true"))).toBe(true);
    expect(seen.size).toBeGreaterThan(2);
  },
  LIMIT_MS,
);

test(
  "1: an update that fails leaves the old file byte for byte",
  async () => {
    await using servers = await startServers({ extraArguments: ["--root-quota", "1000000"] });
    const { source, first } = servers;
    first.plant("/copy/page", "old contents", { mtime: 1 });
    source.plant("/site/page", new Uint8Array(2_000_000), { mtime: 2 });
    expect((await sync([source.host, "/site", first.host, "/copy"])).report.exitCode).toBe(11);
    expect(await Bun.file(diskTree(first, "/copy/page")).text()).toBe("old contents");
  },
  LIMIT_MS,
);

test("2: nothing is deleted without --delete, and a typing error in --dry-run deletes nothing either", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  first.plant("/copy/extra", "x");
  const words = [source.host, "/site", first.host, "/copy"];
  await sync(words);
  expect(existsSync(diskTree(first, "/copy/extra"))).toBe(true);
  await first.forgetRpcs();
  const { exitCode, stderr } = await runProgram(["-r", "--dry-rn", "--delete", ...words]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("--dry-rn");
  expect(await first.rpcLog()).toEqual([]);
});

test("2: a missing, unlistable or empty source deletes nothing", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  first.plant("/copy/kept", "x");
  source.plantDirectory("/empty");
  source.plantDirectory("/closed", { acl: ["hostname:nobody l"] });
  const to = [first.host, "/copy"];
  const missing = await sync([source.host, "/missing", ...to], { delete: true });
  expect(missing.report.exitCode).toBe(3);
  const closed = await sync([source.host, "/closed", ...to], { delete: true });
  expect(closed.report.exitCode).toBe(3);
  const empty = await sync([source.host, "/empty", ...to], { delete: true });
  expect(empty.report.exitCode).toBe(25);
  expect(empty.report.targets[0]?.withheld).toContain("--allow-empty-source");
  expect(existsSync(diskTree(first, "/copy/kept"))).toBe(true);
  expect((await sync([source.host, "/empty", ...to], { delete: true, allowEmptySource: true })).report.exitCode).toBe(
    0,
  );
  expect(existsSync(diskTree(first, "/copy/kept"))).toBe(false);
});

test("2: above --max-delete nothing at all is deleted", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  for (let index = 0; index < 8; index++) first.plant(`/copy/extra/${index}`, "x");
  const words = [source.host, "/site", first.host, "/copy"];
  const { report } = await sync(words, { delete: true });
  expect(report.exitCode).toBe(25);
  expect(report.targets[0]?.withheld).toContain("--max-delete");
  expect(report.targets[0]?.counts.copied).toBe(1);
  expect((await first.countRpcs())["unlink"]).toBe(1); // the lock's own file
  const again = await sync(words, { delete: true, maxDelete: { kind: "count", count: 9 } });
  expect(again.report.targets[0]?.counts.deleted).toBe(9);
  expect(existsSync(diskTree(first, "/copy/extra"))).toBe(false);
});

test("2: nothing is deleted when a copy failed before, unless told so; each deletion is confirmed at the source first", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  first.plantDirectory("/copy/closed", { acl: ["hostname:* rl", "unix:* rl", "address:* rl"] });
  source.plant("/site/closed/f", "1", { mtime: 1 });
  first.plant("/copy/extra", "x");
  const words = [source.host, "/site", first.host, "/copy"];
  const { report } = await sync(words, { delete: true });
  expect(report.exitCode).toBe(25);
  expect(report.targets[0]?.withheld).toContain("--ignore-errors");
  expect(existsSync(diskTree(first, "/copy/extra"))).toBe(true);
  await source.forgetRpcs();
  await sync(words, { delete: true, ignoreErrors: true });
  expect(existsSync(diskTree(first, "/copy/extra"))).toBe(false);
  expect((await source.rpcLog()).filter((line) => line.startsWith("lstat"))).toEqual(["lstat /site/extra"]);
});

test("2: deletions come last, one name at a time, what is inside before its directory", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/a", "new", { mtime: 2 });
  source.plant("/site/z/b", "new", { mtime: 2 });
  first.plant("/copy/a", "old", { mtime: 1 });
  for (const path of ["/copy/extra/x", "/copy/extra/deep/y", "/copy/z/extra"]) first.plant(path, "extraneous");
  await first.forgetRpcs();
  const { report } = await sync([source.host, "/site", first.host, "/copy"], {
    delete: true,
    maxDelete: { kind: "count", count: 9 },
  });
  expect(report.exitCode).toBe(0);
  const log = await first.rpcLog();
  const isDeletion = (line: string) => /^(unlink|rmdir|rmall) /.test(line) && !line.includes("/.__chirpsync");
  const deletions = log.filter(isDeletion);
  expect(deletions.toSorted()).toEqual([
    "rmdir /copy/extra",
    "rmdir /copy/extra/deep",
    "unlink /copy/extra/deep/y",
    "unlink /copy/extra/x",
    "unlink /copy/z/extra",
  ]);
  const order = ["unlink /copy/extra/deep/y", "rmdir /copy/extra/deep", "rmdir /copy/extra"];
  expect(deletions.filter((line) => order.includes(line))).toEqual(order);
  // Every new file was in its place by then.
  const lastPublished = log.findLastIndex((line) => /^rename .* \/copy\/(a|z|z\/b)$/.test(line));
  expect(lastPublished).toBeGreaterThan(-1);
  expect(lastPublished).toBeLessThan(log.findIndex(isDeletion));
  // A recursive remove would take what came meanwhile along, and leftovers of ours are no exception.
  expect(log.filter((line) => line.startsWith("rmall"))).toEqual([]);
});

test(
  "4: the source is only read",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    plantSite(source, 20, 3);
    source.plant("/site/large", new Uint8Array(20_000_000), { mtime: 1 });
    first.plant("/copy/extra", "x");
    await sync([source.host, "/site", first.host, "/copy"], { delete: true, checksum: true, verify: true });
    expect(writingRpcs(await source.countRpcs())).toEqual([]);
  },
  LIMIT_MS,
);

test("5: links on the target are replaced, never followed; special files are not touched", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/file", "new", { mtime: 5 });
  source.plant("/site/dangling", "new", { mtime: 5 });
  source.plant("/site/directory/f", "new", { mtime: 5 });
  first.plant("/outside/file", "must stay", { mtime: 1 });
  first.plant("/outside/directory/f", "must stay", { mtime: 1 });
  first.plantDirectory("/copy");
  symlinkSync("../outside/file", diskTree(first, "/copy/file"));
  symlinkSync("/nowhere/at/all", diskTree(first, "/copy/dangling"));
  symlinkSync("../outside/directory", diskTree(first, "/copy/directory"));
  Bun.spawnSync(["mkfifo", diskTree(source, "/site/pipe")]);
  const { report, events } = await sync([source.host, "/site", first.host, "/copy"]);
  expect(report.exitCode).toBe(0);
  expect(events.some((event) => event.kind === "warning" && event.path === "/site/pipe")).toBe(true);
  expect(await Bun.file(diskTree(first, "/outside/file")).text()).toBe("must stay");
  expect(await Bun.file(diskTree(first, "/outside/directory/f")).text()).toBe("must stay");
  expect(lstatSync(diskTree(first, "/outside/file")).mtimeMs).toBe(1000);
  for (const name of ["file", "dangling", "directory/f"]) {
    expect(await Bun.file(diskTree(first, `/copy/${name}`)).text()).toBe("new");
  }
  expect(existsSync(diskTree(first, "/copy/pipe"))).toBe(false);
});

test(
  "8: one run per target at a time; a dead holder's lock is taken over",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    plantSite(source, 200, 5);
    const words = [source.host, "/site", first.host, "/copy"];
    const running = sync(words);
    await waitUntil("it holds the lock", () => existsSync(diskTree(first, "/copy/.__chirpsync/lock")));
    const second = await runProgram(["-r", ...words]);
    expect(second.exitCode).toBe(33);
    expect(second.stderr).toContain("another run holds the lock");
    expect((await running).report.exitCode).toBe(0);
    const machine = formatLockOwner({ machine: "0123456789ab", pid: 1, startTime: "1", nonce: "00000000" });
    const old = Math.floor(Date.now() / 1000) - 1000;
    first.plantDirectory("/copy/.__chirpsync/lock");
    first.plant(`/copy/.__chirpsync/lock/${machine}`, "x", { mtime: old + 990 });
    expect((await sync(words)).report.exitCode).toBe(33);
    first.plant(`/copy/.__chirpsync/lock/${machine}`, "x", { mtime: old });
    const { report, events } = await sync(words);
    expect(report.exitCode).toBe(0);
    expect(events.some((event) => event.kind === "warning" && event.reason.includes("no heartbeat"))).toBe(true);
    expect(existsSync(diskTree(first, "/copy/.__chirpsync"))).toBe(false);
  },
  LIMIT_MS,
);

test("9 and 10: times are kept, and a second run writes nothing", async () => {
  await using servers = await startServers();
  const { source, first, second } = servers;
  plantSite(source, 60, 4);
  source.plantDirectory("/site/empty/within");
  symlinkSync("d0", diskTree(source, "/site/link"));
  mkdirSync(diskTree(source, "/site/empty"), { recursive: true });
  const words = [source.host, "/site", first.host, "/copy", second.host, "/copy"];
  await sync(words);
  const expected = describeTree(diskTree(source, "/site"));
  expect(describeTree(diskTree(first, "/copy"))).toEqual(expected);
  for (const server of [source, first, second]) await server.forgetRpcs();
  const { report } = await sync(words);
  expect(report.exitCode).toBe(0);
  for (const server of [source, first, second]) expect(writingRpcs(await server.countRpcs())).toEqual([]);
});

test("10: what a killed run left in staging goes with the next run, also when there is nothing to copy", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  const words = [source.host, "/site", first.host, "/copy"];
  await sync(words);
  const leave: (() => void)[] = [
    () => first.plant("/copy/.__chirpsync/abc1230/file", "half"),
    () => first.plant("/copy/.__chirpsync/r0123456789abcdef", "half of a large file"),
    // Killed when all was done but the removal of the place.
    () => first.plantDirectory("/copy/.__chirpsync"),
  ];
  for (const left of leave) {
    left();
    expect((await sync(words)).report.exitCode).toBe(0);
    expect([String(left), existsSync(diskTree(first, "/copy/.__chirpsync"))]).toEqual([String(left), false]);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  }
});
