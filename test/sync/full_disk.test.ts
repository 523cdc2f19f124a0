/** A target whose disk is full: what fits is there, what does not is nowhere to be seen, and each failure says why. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { diskTree, startServers } from "./servers.ts";
import { sync } from "./sync_run.ts";

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
