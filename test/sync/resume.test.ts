/** Large files whose copy was broken off. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileStat } from "../../src/protocol.ts";
import { createLocalStore } from "../../src/sync/store/local_store.ts";
import { createStaging } from "../../src/sync/target/staging.ts";
import { diskTree, startServers } from "./servers.ts";
import { describeTree, sync } from "./sync_run.ts";
import { waitUntil } from "./wait.ts";

setDefaultTimeout(60_000);

const SIZE = 200_000_000;
const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");

/** Two servers, and what a run that was broken off has left on the second. */
async function startBrokenOff() {
  const servers = await startServers();
  const { source, first } = servers;
  const contents = new Uint8Array(SIZE);
  for (let index = 0; index < SIZE; index += 4096) contents[index] = (index * 7) % 251;
  source.plant("/site/large", contents, { mtime: 1 });
  const words = [source.host, "/site", first.host, "/copy"];
  // A limit keeps the run in the middle of the file; its server is killed there.
  const running = sync(words, { bandwidth: 120_000_000, retries: 0 });
  while (((await first.countRpcs())["pwrite"] ?? 0) < 9) await Bun.sleep(10);
  await first.kill();
  expect((await running).report.exitCode).toBe(5);
  await first.restart();
  await source.forgetRpcs();
  const staging = first.diskPath("/copy/.__chirpsync").toString();
  const [name] = readdirSync(staging).filter((each) => each.startsWith("r"));
  return {
    source,
    first,
    words,
    leftover: join(staging, name!),
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}

test("a large file resumes where a killed run left it", async () => {
  await using broken = await startBrokenOff();
  const { source, first, words } = broken;
  expect((await sync(words)).report.exitCode).toBe(0);
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  expect((await source.countRpcs())["pread"]).toBeLessThan(10);
});

test("of the pieces that were under way together none is trusted: a later one may have arrived, and an earlier one not", async () => {
  await using broken = await startBrokenOff();
  const { source, first, words, leftover } = broken;
  const piece = 16 * 1024 * 1024;
  const file = openSync(leftover, "r+");
  const last = Math.floor((statSync(leftover).size - 1) / piece);
  writeSync(file, new Uint8Array(piece).fill(255), 0, piece, (last - 1) * piece);
  closeSync(file);
  expect((await sync(words)).report.exitCode).toBe(0);
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
});

test("what cannot be resumed is not cut down either: whoever left it may wake up and write on", async () => {
  await using broken = await startBrokenOff();
  const { source, first, words, leftover } = broken;
  const size = statSync(leftover).size;
  const file = openSync(leftover, "r+");
  // All that is looked at.
  writeSync(file, new Uint8Array(size).fill(255), 0, size, 0);
  closeSync(file);
  let isRunning = true;
  const running = sync(words, { bandwidth: 200_000_000 }).finally(() => (isRunning = false));
  const sizes = new Set<number>();
  while (isRunning) {
    const there = statSync(leftover, { throwIfNoEntry: false });
    if (there !== undefined) sizes.add(there.size);
    await Bun.sleep(5);
  }
  expect((await running).report.exitCode).toBe(0);
  expect([...sizes]).toEqual([size]);
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
});

test.each([false, true])(
  "a break in the middle of a large file is mended within the run, verify: %p",
  async (verify) => {
    await using servers = await startServers();
    const { source, first } = servers;
    source.plant("/site/large", new Uint8Array(80_000_000).fill(9), { mtime: 1 });
    const running = sync([source.host, "/site", first.host, "/copy"], { bandwidth: 60_000_000, retries: 3, verify });
    while (((await first.countRpcs())["pwrite"] ?? 0) < 4) await Bun.sleep(10);
    // Long enough for more than one try.
    await first.kill();
    await Bun.sleep(300);
    await first.restart();
    const { report, events } = await running;
    expect(report.exitCode, JSON.stringify([report, events])).toBe(0);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  },
);

test("what an earlier run brought is offered until it is given up", async () => {
  const root = mkdtempSync(join(tmpdir(), "chirp-site-staging-"));
  const options = { root, store: createLocalStore(), warn: () => undefined, lost: () => undefined };
  const source: FileStat = { mode: 0o644, size: 9, mtime: 1, ctime: 1, inode: 1, links: 1 };
  try {
    const broken = createStaging(options);
    await broken.open();
    await Bun.write(broken.resumable("large", source).fresh, "12345");
    await broken.close();
    const staging = createStaging(options);
    await staging.open();
    const { fresh, earlier } = staging.resumable("large", source);
    expect(earlier?.size).toBe(5);
    staging.forget(earlier!.path);
    expect(staging.resumable("large", source)).toEqual({ fresh, earlier: null });
    staging.forget(fresh);
    await staging.close();
    expect(readdirSync(root)).toEqual([]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("every worker that has written closes the file, and is heard", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/large", new Uint8Array(400_000_000).fill(9), { mtime: 1 });
  const running = sync([source.host, "/site", first.host, "/copy"]);
  await waitUntil("it is being written", async () => ((await first.countRpcs())["pwrite"] ?? 0) > 2);
  // While one piece is held up, another worker is worth its start.
  first.stop();
  // Longer than a call may take before another worker is started for a server on this machine.
  await Bun.sleep(900);
  first.resume();
  expect((await running).report.exitCode).toBe(0);
  const { open = 0, close = 0 } = await first.countRpcs();
  expect(open).toBeGreaterThan(1);
  expect(close).toBe(open);
});

test("a run that is told to end finishes the large file that it has in hand", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/a", new Uint8Array(100_000_000).fill(9), { mtime: 1 });
  source.plant("/site/z/later", "not begun", { mtime: 1 });
  const stopping = new AbortController();
  const words = [source.host, "/site", first.host, "/copy"];
  const running = sync(words, { bandwidth: 80_000_000, transfers: 1 }, stopping.signal);
  while (((await first.countRpcs())["pwrite"] ?? 0) < 2) await Bun.sleep(10);
  stopping.abort();
  expect((await running).report.exitCode).toBe(20);
  expect(statSync(join(diskTree(first, "/copy"), "a")).size).toBe(100_000_000);
  expect(readdirSync(diskTree(first, "/copy")).filter((name) => name === ".__chirpsync")).toEqual([]);
});

test("a run that is told to end does not begin the large files that wait for their turn", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  for (const name of "abcd") source.plant(`/site/${name}`, new Uint8Array(40_000_000).fill(9), { mtime: 1 });
  const stopping = new AbortController();
  const words = [source.host, "/site", first.host, "/copy"];
  const running = sync(words, { bandwidth: 80_000_000 }, stopping.signal);
  while (((await first.countRpcs())["pwrite"] ?? 0) < 2) await Bun.sleep(10);
  stopping.abort();
  expect((await running).report.exitCode).toBe(20);
  expect(readdirSync(diskTree(first, "/copy")).sort()).toEqual([".__acl", "a", "b"]);
});

test("a second signal does not wait for what --bwlimit holds back", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  for (const name of "abc") source.plant(`/site/${name}`, new Uint8Array(100_000), { mtime: 1 });
  const words = ["--settle", "0", "--bwlimit", "1kB", source.host, "/site", first.host, "/copy"];
  await using child = Bun.spawn([process.execPath, program, ...words], {
    stdout: "ignore",
    stderr: "ignore",
    killSignal: "SIGKILL",
  });
  // The lock's and that of the first; the others wait for minutes.
  while (((await first.countRpcs())["putfile"] ?? 0) < 2) await Bun.sleep(10);
  child.kill("SIGTERM");
  child.kill("SIGINT");
  expect(await Promise.race([child.exited, Bun.sleep(10_000)])).toBe(20);
});
