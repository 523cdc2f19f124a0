/** The source has a file, or a link, where the target has a directory. */
import { expect, test } from "bun:test";
import { chmodSync, chownSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import type { TestServer } from "../helpers/cluster.ts";
import { startTripwire } from "../helpers/tripwire_proxy.ts";
import { diskTree, startServers } from "./servers.ts";
import { describeTree, runProgram, sync } from "./sync_run.ts";
import { waitUntil } from "./wait.ts";

const names = (directory: string) => describeTree(directory, { times: false }).map((line) => line.split(" ")[0]);
const whole = ["/x/", "/x/deep/", "/x/deep/f", "/x/g"];

test.each<[words: string[], exitCode: number, left: string[]]>([
  [[], 23, whole],
  [["-r"], 23, whole],
  [["--delete"], 23, whole],
  [["--force"], 0, ["/x"]],
  [["--force", "-n"], 0, whole],
  [["-r", "--delete"], 0, ["/x"]],
  [["-r", "--delete", "--max-delete", "3"], 25, whole],
  [["-r", "--force", "--exclude", "g"], 23, whole],
  [["-r", "--delete", "--exclude", "f", "--ignore-errors"], 23, whole],
  [["-r", "--force", "--ignore-existing"], 0, whole],
])("a directory in the way of a file, %j: %d", async (words, exitCode, left) => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/x", "file", { mtime: 1 });
  first.plant("/copy/x/deep/f", "data");
  first.plant("/copy/x/g", "data");
  const result = await runProgram([...words, "--settle", "0", source.host, "/site", first.host, "/copy"]);
  expect([result.exitCode, result.stderr === ""]).toEqual([exitCode, exitCode === 0]);
  expect(names(diskTree(first, "/copy"))).toEqual(left);
});

test.each([
  [["--delete", "--max-delete", "9"]],
  [["--delete", "--max-delete", "2"]],
  [["--delete", "--exclude", "p", "--ignore-errors"]],
])("a dry run counts what a real one does where directories are in the way, %j", async (words) => {
  await using servers = await startServers();
  const { source, first } = servers;
  for (const name of ["x", "y"]) source.plant(`/site/${name}`, "file", { mtime: 1 });
  symlinkSync("elsewhere", diskTree(source, "/site/l"));
  for (const name of ["x/f", "y/p", "l/f"]) first.plant(`/copy/${name}`, "data");
  const all = ["-r", "--json", "--settle", "0", ...words, source.host, "/site", first.host, "/copy"];
  const dry = await runProgram(["-n", ...all]);
  const real = await runProgram(all);
  expect([countsOf(dry.stdout), dry.exitCode]).toEqual([countsOf(real.stdout), real.exitCode]);
});

function countsOf(output: string): unknown {
  const [line] = output.split("\n").filter((each) => each.includes('"unchanged"'));
  const { copied, updated, deleted, failed, bytes } = JSON.parse(line!) as Record<string, unknown>;
  return { copied, updated, deleted, failed, bytes };
}

test("a directory in the way of a link", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  symlinkSync("elsewhere", diskTree(source, "/site/x"));
  first.plant("/copy/x/f", "data");
  const words = ["-r", "--settle", "0", source.host, "/site", first.host, "/copy"];
  expect((await runProgram(words)).exitCode).toBe(23);
  expect((await runProgram(["--delete", ...words])).exitCode).toBe(0);
  expect(names(diskTree(first, "/copy"))).toEqual(["/x"]);
});

test.each([null, "/kept"])(
  "a file stays until the directory that takes its place is whole, backup in %p",
  async (backup) => {
    await using servers = await startServers();
    const { source, first } = servers;
    for (const name of "abc") source.plant(`/site/x/${name}`, new Uint8Array(500_000), { mtime: 1 });
    first.plant("/copy/x", "old", { mtime: 1 });
    const words = [source.host, "/site", first.host, "/copy"];
    const running = sync(words, { bandwidth: 1_000_000, transfers: 1, backupDirectory: backup });
    // The lock's, and one of the three.
    await waitUntil("staging has begun", async () => ((await first.countRpcs())["putfile"] ?? 0) > 1);
    expect(readFileSync(diskTree(first, "/copy/x"), "utf8")).toBe("old");
    expect((await running).report.exitCode).toBe(0);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
    if (backup !== null) expect(readFileSync(diskTree(first, "/kept/x"), "utf8")).toBe("old");
  },
);

test("a run that is told to end leaves the file whose place a directory was to take", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  for (const name of "abcdef") source.plant(`/site/x/${name}`, new Uint8Array(200_000), { mtime: 1 });
  first.plant("/copy/x", "old", { mtime: 1 });
  const stop = new AbortController();
  const options = { bandwidth: 1_000_000, transfers: 1 };
  const running = sync([source.host, "/site", first.host, "/copy"], options, stop.signal);
  await waitUntil("staging has begun", async () => ((await first.countRpcs())["putfile"] ?? 0) > 1);
  stop.abort();
  expect((await running).report.exitCode).toBe(20);
  expect(describeTree(diskTree(first, "/copy"))).toHaveLength(1);
  expect(readFileSync(diskTree(first, "/copy/x"), "utf8")).toBe("old");
});

test("a directory stays where the file that is to take its place cannot be copied, and nothing is deleted then", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/x", "file", { mtime: 1 });
  source.plant("/site/y", "file", { mtime: 1 });
  denyReading(source, "/site/x");
  first.plant("/copy/x/deep/f", "data");
  first.plant("/copy/y/f", "data");
  first.plant("/copy/gone", "gone");
  const words = [source.host, "/site", first.host, "/copy"];
  const maxDelete = { kind: "count", count: 10 } as const;
  const { report, events } = await sync(words, { delete: true, maxDelete });
  expect(report.exitCode).toBe(25);
  expect(report.targets[0]).toMatchObject({ withheld: expect.stringContaining("1 failed before") });
  expect(events.flatMap((event) => (event.kind === "failure" ? [event.path] : []))).toEqual(["/site/x"]);
  expect(names(diskTree(first, "/copy"))).toEqual(["/gone", "/x/", "/x/deep/", "/x/deep/f", "/y"]);
  expect((await sync(words, { delete: true, maxDelete, ignoreErrors: true })).report.exitCode).toBe(23);
  expect(names(diskTree(first, "/copy"))).toEqual(["/x/", "/x/deep/", "/x/deep/f", "/y"]);
});

test("a source that is gone when what was in the way has been replaced says nothing of the rest", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/x", "file", { mtime: 1 });
  first.plant("/copy/x/f", "data");
  first.plant("/copy/gone", "gone");
  await using wire = await startTripwire(first.port);
  const take = () => renameSync(diskTree(source, "/site"), diskTree(source, "/moved"));
  void wire.arm({ on: "command", names: ["rename"], line: /^rename \S+ \/copy\/x\b/, nth: 1 }, take);
  const words = [source.host, "/site", `127.0.0.1:${wire.port}`, "/copy"];
  const { report } = await sync(words, { delete: true });
  expect(report.targets[0]).toMatchObject({
    counts: { deleted: 2 },
    withheld: expect.stringContaining("1 withheld: the source"),
  });
  expect(report.exitCode).toBe(25);
  expect(names(diskTree(first, "/copy"))).toEqual(["/gone", "/x"]);
});

test("a run that is told to end leaves a directory in the way of a file, or has put the file there", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/x", "file", { mtime: 1 });
  const words = [source.host, "/site", first.host, "/copy"];
  for (const [line, left] of [
    [/^putfile \S+__chirpsync\/[0-9a-f]{7} /, whole],
    [/^unlink \/copy\/x\/deep/, ["/x"]],
  ] as const) {
    await using wire = await startTripwire(first.port);
    first.plant("/copy/x/deep/f", "data");
    first.plant("/copy/x/g", "data");
    const stop = new AbortController();
    void wire.arm({ on: "command", names: ["putfile", "unlink"], line, nth: 1 }, () => stop.abort());
    const through = [source.host, "/site", `127.0.0.1:${wire.port}`, "/copy"];
    expect((await sync(through, { delete: true }, stop.signal)).report.exitCode).toBe(20);
    expect(names(diskTree(first, "/copy"))).toEqual([...left]);
  }
  expect((await sync(words, { delete: true })).report.exitCode).toBe(0);
});

/** The server runs as nobody in particular when we are root, and may not read what is another's. */
function denyReading(server: TestServer, path: string): void {
  const disk = server.diskPath(path);
  chmodSync(disk, 0);
  if (process.getuid?.() === 0) chownSync(disk, 0, 0);
}
