/** A target whose disk is full: what fits is there, what does not is nowhere to be seen, and each failure says why. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
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
