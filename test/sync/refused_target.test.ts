/** A target that is there and will not be written to, or not be looked at: said as that, and not as a server that was lost. */
import { expect, test } from "bun:test";
import { existsSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { diskTree, plantSite, startServers } from "./servers.ts";
import { describeTree, runProgram, sync, writingRpcs } from "./sync_run.ts";
import { waitUntil } from "./wait.ts";

const LIMIT_MS = 60_000;
const readOnly = ["hostname:* rl", "unix:* rl", "address:* rl"];

test("where only a directory's time, or only a deletion, is to be written and may not: 23, each said with its path", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/d/b", "b", { mtime: 1 });
  const words = [source.host, "/site", first.host, "/copy"];
  await sync(words);
  first.plant("/copy/extra", "x");
  first.plantDirectory("/copy", { acl: readOnly });
  first.plantDirectory("/copy/d", { acl: readOnly });
  utimesSync(diskTree(source, "/site/d"), 99, 99);
  for (const options of [{}, { delete: true, ignoreErrors: true }]) {
    const { report, events } = await sync(words, options);
    expect(report.exitCode).toBe(23);
    expect(report.targets[0]?.ending).toBeNull();
    const failed = events.flatMap((event) => (event.kind === "failure" ? [`${event.path} ${event.action}`] : []));
    expect(failed).toContain("/copy/d set time");
    if ("delete" in options) expect(failed).toContain("/copy delete");
  }
  expect(existsSync(diskTree(first, "/copy/extra"))).toBe(true);
});

test("a staging place of somebody else's, without rights: 23, the other target is complete", async () => {
  await using servers = await startServers();
  const { source, first, second } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  first.plantDirectory("/copy");
  first.plantDirectory("/copy/.__chirpsync", { acl: ["hostname:nobody r"] });
  const { exitCode, stderr } = await runProgram(
    ["-r", "--settle", "0", source.host, "/site", first.host, "/copy", second.host, "/copy"],
    {},
  );
  expect(exitCode).toBe(23);
  expect(stderr).toContain(".__chirpsync");
  expect(stderr).toContain("permission denied");
  expect(describeTree(diskTree(second, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
});

test("a target whose root cannot be looked at: 3, and nothing is written", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  first.plantDirectory("/closed", { acl: ["hostname:nobody rwl"] });
  for (const directory of ["/closed", "/closed/new"]) {
    const { report } = await sync([source.host, "/site", first.host, directory], { delete: true });
    expect([directory, report.exitCode]).toEqual([directory, 3]);
    expect(report.targets[0]?.ending?.stage).toBe("root");
  }
  expect(writingRpcs(await first.countRpcs())).toEqual([]);
});

/** A file system mounted on a server's directory, which the server's user may write to; null where this process may not mount. */
function mountSmall(directory: string): { remount(options: string): void; unmount(): void } | null {
  const mount = (...words: string[]) => Bun.spawnSync(["mount", ...words]).exitCode === 0;
  if (!mount("-t", "tmpfs", "-o", "size=1m,mode=777", "none", directory)) return null;
  return {
    remount: (options) => void expect(mount("-o", `remount,${options}`, directory)).toBe(true),
    unmount: () => void Bun.spawnSync(["umount", directory]),
  };
}

test(
  "a read-only file system: a Chirp server calls it permission denied (23), a local one is 11; no old file is touched",
  async () => {
    await using servers = await startServers();
    const { source, first, second } = servers;
    source.plant("/site/a", "new", { mtime: 5 });
    first.plantDirectory("/copy");
    const mounted = mountSmall(diskTree(first, "/copy"));
    if (mounted === null) return console.log("skipped: this process may not mount a file system");
    try {
      first.plantDirectory("/copy");
      first.plant("/copy/a", "old", { mtime: 1 });
      mounted.remount("ro");
      const others = [second.host, "/copy"];
      const overChirp = await runProgram(["--settle", "0", source.host, "/site", first.host, "/copy", ...others]);
      expect(overChirp.exitCode, overChirp.stderr).toBe(23);
      expect(overChirp.stderr).toContain("permission denied");
      const local = diskTree(first, "/copy");
      const onDisk = await runProgram(["--settle", "0", source.host, "/site", "local", local]);
      expect(onDisk.exitCode, onDisk.stderr).toBe(11);
      expect(onDisk.stderr).toContain("read-only file system");
      expect(await Bun.file(join(local, "a")).text()).toBe("old");
      expect(describeTree(diskTree(second, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
    } finally {
      mounted.unmount();
    }
  },
  LIMIT_MS,
);

test(
  "a source that is killed half way: 5, and the target's lock and staging are given back",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    plantSite(source, 300, 10);
    const words = [source.host, "/site", first.host, "/copy"];
    const running = sync(words, { retries: 0 });
    await waitUntil("half is there", async () => ((await first.countRpcs())["putfile"] ?? 0) > 100);
    await source.kill();
    expect((await running).report.exitCode).toBe(5);
    expect(existsSync(diskTree(first, "/copy/.__chirpsync"))).toBe(false);
    await source.restart();
    expect((await sync(words)).report.exitCode).toBe(0);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  },
  LIMIT_MS,
);
