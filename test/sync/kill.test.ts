/** Killed at any moment and run again: the trees are equal, nothing is left in staging, and readers saw whole files only. */
import { expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createEditor, createRandom } from "./random_edits.ts";
import { diskTree, plantSite, startServers } from "./servers.ts";
import { describeTree, runProgram, sync } from "./sync_run.ts";

/** SYNC_KILLS=100 SYNC_SEED=1 bun test test/sync/kill.test.ts is the long form. */
const kills = Number(process.env["SYNC_KILLS"] ?? 4);
const firstSeed = Number(process.env["SYNC_SEED"] ?? Math.floor(Math.random() * 1e9));
const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
const PAGE_BYTES = 400_000;

test(
  `killed ${kills} times`,
  async () => {
    await using servers = await startServers();
    const { cluster, source, first } = servers;
    const random = createRandom(firstSeed);
    plantSite(source, 40, 4);
    const words = [
      "-r",
      "--delete",
      "--max-delete",
      "100%",
      "--settle",
      "0",
      source.host,
      "/site",
      first.host,
      "/copy",
    ];
    expect((await runProgram(words)).exitCode).toBe(0);
    let killed = 0;
    let isDone = false;
    const partial: string[] = [];
    const page = diskTree(first, "/copy/page");
    const reading = (async () => {
      while (!isDone) {
        const bytes = existsSync(page) ? await Bun.file(page).bytes() : new Uint8Array(PAGE_BYTES);
        if (bytes.length !== PAGE_BYTES || bytes.some((byte) => byte !== bytes[0])) partial.push(`${bytes.length}`);
        await Bun.sleep(1);
      }
    })();
    for (let round = 0; round < kills; round++) {
      const seed = firstSeed + round;
      source.plant("/site/page", new Uint8Array(PAGE_BYTES).fill(round % 250), { mtime: 1_000_000 + round });
      source.plant("/site/large", new Uint8Array(17_000_000 + round).fill(round % 250), { mtime: 1_000_000 + round });
      createEditor(source, "/site", seed).edit(20);
      // A process killed while it loads its library leaves the copy behind: in a directory that goes with the test.
      const env = { ...process.env, TMPDIR: cluster.directory };
      const child = Bun.spawn([process.execPath, program, ...words], { stdout: "ignore", stderr: "ignore", env });
      await Promise.race([child.exited, Bun.sleep(random() * 450)]);
      child.kill("SIGKILL");
      if ((await child.exited) !== 0) killed++;
      const again = await runProgram(words);
      expect(again.exitCode, `seed ${seed}: ${again.stdout}${again.stderr}`).toBe(0);
      expect(describeTree(diskTree(first, "/copy")), `seed ${seed}`).toEqual(describeTree(diskTree(source, "/site")));
      expect(existsSync(diskTree(first, "/copy/.__chirpsync")), `seed ${seed}`).toBe(false);
    }
    isDone = true;
    await reading;
    expect(partial).toEqual([]);
    console.log(`killed ${killed} of ${kills} runs before their end, first seed ${firstSeed}`);
  },
  30_000 + kills * 6000,
);

test("a server killed in the middle of mkdir leaves a directory that denies everything: the next run gets over it", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/d/a", "a", { mtime: 1 });
  source.plant("/site/d/below/b", "b", { mtime: 1 });
  const halfMake = (path: string) => {
    first.plantDirectory(path);
    rmSync(diskTree(first, `${path}/.__acl`));
  };
  for (const [index, path] of [
    "/.__chirpsync",
    "/.__chirpsync/abc",
    "/.__chirpsync/abc/d",
    "/d",
    "/d/below",
  ].entries()) {
    first.plantDirectory(`/copy${index}`);
    if (path.includes("abc/")) first.plantDirectory(`/copy${index}/.__chirpsync/abc`);
    halfMake(`/copy${index}${path}`);
    const { report, events } = await sync([source.host, "/site", first.host, `/copy${index}`]);
    expect([path, report.exitCode, events.filter(({ kind }) => kind !== "change")]).toEqual([path, 0, []]);
    expect(describeTree(diskTree(first, `/copy${index}`))).toEqual(describeTree(diskTree(source, "/site")));
  }
  // What has something in it is somebody's, whatever its rights.
  first.plant("/full/d/own", "x");
  rmSync(diskTree(first, "/full/d/.__acl"));
  expect((await sync([source.host, "/site", first.host, "/full"], { delete: true })).report.exitCode).toBe(23);
  expect(existsSync(diskTree(first, "/full/d/own"))).toBe(true);
});
