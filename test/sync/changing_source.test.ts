/** The source changes while it is copied: never a mixed file, no hang, and the right exit code. */
import { expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { diskTree, plantSite, startServers } from "./servers.ts";
import { describeTree, sync } from "./sync_run.ts";
import { waitUntil } from "./wait.ts";

const LIMIT_MS = 60_000;
const LARGE = 120 * 1024 * 1024;

test(
  "a file that is replaced again and again is unstable: 24, and the old copy is kept",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    const path = diskTree(source, "/site/busy");
    source.plant("/site/busy", "0".repeat(2_000_000), { mtime: 1 });
    source.plant("/site/calm", "calm", { mtime: 1 });
    first.plant("/copy/busy", "old", { mtime: 2 });
    let isDone = false;
    let version = 0;
    const changing = (async () => {
      while (!isDone) {
        version++;
        writeFileSync(`${path}.new`, String(version % 10).repeat(2_000_000 + (version % 7)));
        renameSync(`${path}.new`, path);
        await Bun.sleep(2);
      }
    })();
    const { report } = await sync([source.host, "/site", first.host, "/copy"], {
      rules: [{ include: false, pattern: "*.new" }],
    });
    isDone = true;
    await changing;
    expect(report.exitCode).toBe(24);
    expect(report.targets[0]?.counts.unstable).toBe(1);
    expect(readFileSync(diskTree(first, "/copy/busy"), "utf8")).toBe("old");
    expect(readFileSync(diskTree(first, "/copy/calm"), "utf8")).toBe("calm");
  },
  LIMIT_MS,
);

for (const [name, change] of [
  ["grows", (path: string) => appendFileSync(path, "more")],
  ["shrinks", (path: string) => truncateSync(path, 1_000_000)],
  [
    "is replaced",
    (path: string) => {
      writeFileSync(`${path}.new`, new Uint8Array(LARGE).fill(2));
      renameSync(`${path}.new`, path);
    },
  ],
] as const) {
  test(
    `a large file that ${name} while it is copied arrives as it is at the end`,
    async () => {
      await using servers = await startServers();
      const { source, first } = servers;
      source.plant("/site/large", new Uint8Array(LARGE).fill(1), { mtime: 1 });
      const running = sync([source.host, "/site", first.host, "/copy"]);
      await waitUntil("it has begun", async () => ((await first.countRpcs())["pwrite"] ?? 0) > 1);
      change(diskTree(source, "/site/large"));
      const { report } = await running;
      expect(report.exitCode).toBe(0);
      expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
    },
    LIMIT_MS,
  );
}

test(
  "files and directories that vanish are 24, and nothing of theirs is left half",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    plantSite(source, 400, 20);
    const site = diskTree(source, "/site");
    const running = sync([source.host, "/site", first.host, "/copy"], { delete: true });
    await waitUntil("it has begun", async () => ((await first.countRpcs())["putfile"] ?? 0) > 20);
    for (let directory = 10; directory < 20; directory++) rmSync(join(site, `d${directory}`), { recursive: true });
    const { report } = await running;
    expect([0, 24]).toContain(report.exitCode);
    expect(
      (
        await sync([source.host, "/site", first.host, "/copy"], {
          delete: true,
          maxDelete: { kind: "count", count: 1000 },
        })
      ).report.exitCode,
    ).toBe(0);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(site));
    expect(existsSync(diskTree(first, "/copy/.__chirpsync"))).toBe(false);
  },
  LIMIT_MS,
);

test(
  "a file of the same size written within one second is copied after it has settled",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    const path = diskTree(source, "/site/page");
    const now = Math.floor(Date.now() / 1000);
    source.plant("/site/page", "first!", { mtime: now });
    const words = [source.host, "/site", first.host, "/copy"];
    const running = sync(words, { settleSeconds: 3 });
    // Time enough for a run that does not wait.
    await Promise.race([running, Bun.sleep(1000)]);
    writeFileSync(path, "second");
    utimesSync(path, now, now);
    expect((await running).report.exitCode).toBe(0);
    expect(readFileSync(diskTree(first, "/copy/page"), "utf8")).toBe("second");
  },
  LIMIT_MS,
);

test("a source directory that is moved away while it is copied deletes nothing: 25", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  plantSite(source, 60, 6, "x".repeat(10_000));
  first.plant("/copy/extra", "x");
  const running = sync([source.host, "/site", first.host, "/copy"], { bandwidth: 300_000, delete: true });
  await waitUntil("it is at work", async () => ((await first.countRpcs())["putfile"] ?? 0) > 5);
  renameSync(diskTree(source, "/site"), diskTree(source, "/moved"));
  const { report } = await running;
  expect([report.exitCode, existsSync(diskTree(first, "/copy/extra"))]).toEqual([25, true]);
  expect(report.targets[0]?.withheld).toContain("is gone");
});
