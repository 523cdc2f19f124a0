/** A target whose disk is full: what fits is there, what does not is nowhere to be seen, and each failure says why. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChirpError } from "../../src/errors.ts";
import type { Operation } from "../../src/protocol.ts";
import { createLocalStore } from "../../src/sync/store/local_store.ts";
import type { Store } from "../../src/sync/store/store.ts";
import { diskTree, startServers } from "./servers.ts";
import { describeTree, sync } from "./sync_run.ts";
import { waitUntil } from "./wait.ts";

setDefaultTimeout(60_000);

function withQuota(bytes: number) {
  return startServers({ extraArguments: ["--root-quota", String(bytes)] });
}

test("in a directory that is new, a file without room is not seen in part either", async () => {
  await using servers = await withQuota(1_000_000);
  const { source, first } = servers;
  source.plant("/site/d/a", "small", { mtime: 1 });
  source.plant("/site/d/b", new Uint8Array(2_000_000), { mtime: 1 });
  source.plant("/site/d/c", "small too", { mtime: 1 });
  const { report } = await sync([source.host, "/site", first.host, "/copy"]);
  expect(report.exitCode).toBe(11);
  expect(report.targets[0]?.counts).toMatchObject({ copied: 2, failed: 1 });
  expect(
    readdirSync(diskTree(first, "/copy/d"))
      .filter((name) => !name.startsWith(".__"))
      .sort(),
  ).toEqual(["a", "c"]);
});

test("a large file that finds room when it is tried once more is written whole, and nothing into what was removed", async () => {
  await using servers = await withQuota(100_000_000);
  const { source, first, second } = servers;
  first.plant("/filler/f", new Uint8Array(60_000_000));
  second.plantDirectory("/nothing");
  source.plant("/site/large", new Uint8Array(80_000_000).fill(7), { mtime: 1 });
  // Until it has settled, the large one is not tried again.
  source.plant("/site/young", "x", { mtime: Math.floor(Date.now() / 1000) });
  const running = sync([source.host, "/site", first.host, "/copy"], { settleSeconds: 6 });
  await waitUntil("it was full", async () => ((await first.countRpcs())["unlink"] ?? 0) > 0);
  const emptying = await sync([second.host, "/nothing", first.host, "/filler"], {
    delete: true,
    allowEmptySource: true,
  });
  expect(emptying.report.exitCode).toBe(0);
  const { report, events } = await running;
  expect(report.exitCode, JSON.stringify(events)).toBe(0);
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
});

test("runs on a full disk leave nothing more in staging each time", async () => {
  await using servers = await withQuota(1);
  const { source, first } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  first.plantDirectory("/copy");
  for (let round = 0; round < 2; round++) {
    expect((await sync([source.host, "/site", first.host, "/copy"])).report.exitCode).toBe(11);
    expect(readdirSync(diskTree(first, "/copy/.__chirpsync"))).toEqual([".__acl"]);
  }
});

test("new versions for which there is no room beside all the old ones replace them one after the other", async () => {
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-full-"));
  const [source, copy] = [join(directory, "source"), join(directory, "copy")];
  try {
    for (const [root, byte] of [
      [source, 7],
      [copy, 1],
    ] as const) {
      mkdirSync(root);
      for (const name of "abcd") writeFileSync(join(root, name), new Uint8Array(10_000).fill(byte));
      for (const name of "abcd") utimesSync(join(root, name), byte, byte);
    }
    const disk = smallDisk(copy, 60_000);
    const words = ["local", source, "local", copy];
    const { report, events } = await sync(words, {}, undefined, { store: () => disk, close: () => disk.close() });
    expect(report.exitCode, JSON.stringify(events)).toBe(0);
    expect(report.targets[0]?.counts.updated).toBe(4);
    expect(describeTree(copy)).toEqual(describeTree(source));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/**
 * The local file system, on which one directory has room for so many bytes. A server's --root-quota looks only now and then how full it
 * is, and each of its processes by itself.
 */
function smallDisk(directory: string, bytes: number): Store {
  const store = createLocalStore();
  let promised = 0;
  return {
    ...store,
    async call(operation, options) {
      const asked: Operation = operation;
      if (asked.kind !== "store") return await store.call(operation, options);
      const length = asked.bytes.byteLength;
      if (usedIn(directory) + promised + length > bytes) {
        throw new ChirpError({ code: "ENOSPC", operation: "store", path: asked.staging, server: store.server });
      }
      promised += length;
      try {
        return await store.call(operation, options);
      } finally {
        promised -= length;
      }
    },
  };
}

function usedIn(directory: string): number {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return files.reduce((sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
