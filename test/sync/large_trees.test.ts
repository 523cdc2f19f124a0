/** Memory does not grow with the tree. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestServer } from "../helpers/cluster.ts";
import { diskTree, startServers } from "./servers.ts";
import { describeTree } from "./sync_run.ts";

/** SYNC_FILES=20000 bun test test/sync/large_trees.test.ts is the long form: minutes, since each file costs three RPCs. */
const files = Number(process.env["SYNC_FILES"] ?? 300);
const unchangedFiles = Math.max(files, 5000);
const LIMIT_MB = 250;
const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");

async function measure(words: readonly string[]): Promise<{ readonly megabytes: number; readonly text: string }> {
  const child = Bun.spawn([process.execPath, program, "-r", "--settle", "0", "--json", "-q", ...words], {
    stdout: "pipe",
    stderr: "inherit",
  });
  // What the system accounts to a child begins with the memory of its parent, so that its own high-water mark is read instead.
  let megabytes = 0;
  const timer = setInterval(() => {
    if (!existsSync(`/proc/${child.pid}/status`)) return;
    const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? "0";
    megabytes = Math.max(megabytes, Math.round(Number(kilobytes) / 1000));
  }, 20);
  const text = await child.stdout.text();
  clearInterval(timer);
  expect(await child.exited).toBe(0);
  expect(megabytes).toBeGreaterThan(0);
  return { megabytes, text };
}

function plantFlat(server: TestServer, root: string, count: number, directories: number): void {
  for (let index = 0; index < count; index++) {
    server.plant(`${root}/d${index % directories}/file-${index}.html`, `${index}`, { mtime: 1_600_000_000 + index });
  }
}

test(`${unchangedFiles} files in one directory, unchanged`, async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  for (const [server, root] of [
    [source, "/site"],
    [first, "/copy"],
  ] as const)
    plantFlat(server, root, unchangedFiles, 1);
  const { megabytes, text } = await measure([source.host, "/site", first.host, "/copy"]);
  expect(text).toContain(`"copied":0,"updated":0,"deleted":0,"unchanged":${unchangedFiles}`);
  console.log(`${unchangedFiles} files in one directory, unchanged: ${megabytes} MB`);
  expect(megabytes).toBeLessThan(LIMIT_MB);
}, 120_000);

test(
  `${files} files in one directory and ${files} in a tenth as many directories, copied`,
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    plantFlat(source, "/site/flat", files, 1);
    plantFlat(source, "/site/wide", files, files / 10);
    const { megabytes } = await measure([source.host, "/site", first.host, "/copy"]);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
    console.log(`${files} files in one directory and ${files} in ${files / 10}, copied: ${megabytes} MB`);
    expect(megabytes).toBeLessThan(LIMIT_MB);
  },
  30_000 + files * 60,
);
