/** Files that may change again within the second that their time tells. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { diskTree, startServers } from "./servers.ts";
import { sync } from "./sync_run.ts";

setDefaultTimeout(60_000);

const nowSeconds = () => Math.floor(Date.now() / 1000);

test("a run that is told to end does not copy what has not settled", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/old", "old", { mtime: 1 });
  source.plant("/site/young", "young", { mtime: nowSeconds() });
  const stopping = new AbortController();
  const running = sync([source.host, "/site", first.host, "/copy"], { settleSeconds: 600 }, stopping.signal);
  const deadline = performance.now() + 20_000;
  while (((await first.countRpcs())["putfile"] ?? 0) < 2 && performance.now() < deadline) await Bun.sleep(10);
  stopping.abort();
  const { report } = await running;
  expect(report.exitCode).toBe(20);
  expect(report.targets[0]?.counts.failed).toBe(0);
  expect(existsSync(`${diskTree(first, "/copy")}/young`)).toBe(false);
});

test.each([
  ["an hour ahead: another clock's", 3_600, 2_000, 20_000],
  ["ten years ahead: somebody's joke", 315_360_000, 0, 2_000],
])("a file dated %s", async (_, ahead, least, most) => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/file", "contents", { mtime: nowSeconds() + ahead });
  const begun = performance.now();
  const { report } = await sync([source.host, "/site", first.host, "/copy"], { settleSeconds: 2 });
  const took = performance.now() - begun;
  expect(report.exitCode).toBe(0);
  expect(readFileSync(`${diskTree(first, "/copy")}/file`, "utf8")).toBe("contents");
  expect(took).toBeGreaterThanOrEqual(least);
  expect(took).toBeLessThan(most);
});
