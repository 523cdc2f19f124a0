/** What each option changes, against real servers. */
import { expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskTree, plantSite, startServers } from "./servers.ts";
import { describeTree, runProgram, sync, writingRpcs } from "./sync_run.ts";

const LIMIT_MS = 60_000;

function names(directory: string): string[] {
  return describeTree(directory, { times: false }).map((line) => line.split(" ")[0] ?? "");
}

test(
  "patterns, sizes and depth choose on both sides: what is left out is not deleted either",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    for (const path of ["a.html", "a.tmp", "deep/b.html", "deep/er/c.html", "cache/d"]) {
      source.plant(`/site/${path}`, "12345", { mtime: 1 });
    }
    source.plant("/site/large", "x".repeat(5000), { mtime: 1 });
    first.plant("/copy/old.tmp", "kept");
    first.plant("/copy/cache/kept", "kept");
    first.plant("/copy/gone.html", "x");
    const words = [source.host, "/site", first.host, "/copy"];
    const rules = ["*.tmp", "/cache/"].map((pattern) => ({ include: false, pattern }));
    await sync(words, { delete: true, rules, maxSize: 1000, maxDepth: 2 });
    expect(names(diskTree(first, "/copy"))).toEqual([
      "/a.html",
      "/cache/",
      "/cache/kept",
      "/deep/",
      "/deep/b.html",
      "/old.tmp",
    ]);
  },
  LIMIT_MS,
);

test("--files-from takes what is listed, and what leads there", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  for (const path of ["a", "b", "d/e", "d/f", "whole/x/y"]) source.plant(`/site/${path}`, "1", { mtime: 1 });
  const listed = { filesFrom: ["a", "d/e", "whole"] };
  const { report } = await sync([source.host, "/site", first.host, "/copy"], listed);
  expect(report.exitCode).toBe(0);
  expect(names(diskTree(first, "/copy"))).toEqual(["/a", "/d/", "/d/e", "/whole/", "/whole/x/", "/whole/x/y"]);
  await sync([source.host, "/site", first.host, "/flat"], { ...listed, recursive: false });
  expect(names(diskTree(first, "/flat"))).toEqual(["/a", "/d/", "/d/e", "/whole/"]);
  const missing = await sync([source.host, "/site", first.host, "/other"], { filesFrom: ["a", "no/such"] });
  expect(missing.report.exitCode).toBe(23);
});

test(
  "-u, --existing, --ignore-existing, --size-only, -I, --modify-window",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    source.plant("/site/older", "source", { mtime: 100 });
    source.plant("/site/newer", "source", { mtime: 300 });
    source.plant("/site/absent", "source", { mtime: 100 });
    const reset = () => {
      rmSync(diskTree(first, "/copy"), { recursive: true, force: true });
      first.plant("/copy/older", "target", { mtime: 200 });
      first.plant("/copy/newer", "target", { mtime: 200 });
    };
    const after = async (options: Parameters<typeof sync>[1]) => {
      reset();
      expect((await sync([source.host, "/site", first.host, "/copy"], options)).report.exitCode).toBe(0);
      const text = (name: string) => Bun.file(diskTree(first, `/copy/${name}`));
      const has = async (name: string) => ((await text(name).exists()) ? await text(name).text() : "-");
      return [await has("older"), await has("newer"), await has("absent")];
    };
    expect(await after({})).toEqual(["source", "source", "source"]);
    expect(await after({ update: true })).toEqual(["target", "source", "source"]);
    expect(await after({ existing: true })).toEqual(["source", "source", "-"]);
    expect(await after({ ignoreExisting: true })).toEqual(["target", "target", "source"]);
    expect(await after({ sizeOnly: true })).toEqual(["target", "target", "source"]);
    expect(await after({ modifyWindowSeconds: 100 })).toEqual(["target", "target", "source"]);
    expect(await after({ ignoreTimes: true, modifyWindowSeconds: 100 })).toEqual(["source", "source", "source"]);
  },
  LIMIT_MS,
);

test("-c finds what size and time hide, and only sets the time where contents are equal", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/hidden", "aaaa", { mtime: 100 });
  source.plant("/site/same", "bbbb", { mtime: 100 });
  first.plant("/copy/hidden", "xxxx", { mtime: 100 });
  first.plant("/copy/same", "bbbb", { mtime: 50 });
  const words = [source.host, "/site", first.host, "/copy"];
  await sync(words, { checksum: true });
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  expect((await source.countRpcs())["getfile"]).toBe(1);
  expect((await source.countRpcs())["hash"]).toBe(2);
});

test("--backup-dir keeps what is replaced or deleted, and is itself left alone", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/d/changed", "new", { mtime: 100 });
  source.plant("/site/d/other", "new", { mtime: 100 });
  first.plant("/copy/d/changed", "old", { mtime: 50 });
  first.plant("/copy/e/gone", "gone", { mtime: 50 });
  const words = [source.host, "/site", first.host, "/copy"];
  for (let round = 0; round < 2; round++) {
    expect((await sync(words, { delete: true, backupDirectory: "backup" })).report.exitCode).toBe(0);
    expect(names(diskTree(first, "/copy"))).toEqual([
      "/backup/",
      "/backup/d/",
      "/backup/d/changed",
      "/backup/e/",
      "/backup/e/gone",
      "/d/",
      "/d/changed",
      "/d/other",
    ]);
  }
  expect(readFileSync(diskTree(first, "/copy/backup/d/changed"), "utf8")).toBe("old");
  expect(readFileSync(diskTree(first, "/copy/d/changed"), "utf8")).toBe("new");
});

test(
  "links: kept, followed with -L, left out with --no-links; a loop is reported and not walked",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    source.plant("/site/real/f", "1", { mtime: 1 });
    source.plant("/outside/g", "2", { mtime: 2 });
    symlinkSync("real", diskTree(source, "/site/to-directory"));
    symlinkSync("../outside/g", diskTree(source, "/site/to-file"));
    const at = (name: string) => [source.host, "/site", first.host, `/${name}`];
    await sync(at("kept"));
    expect(describeTree(diskTree(first, "/kept"))).toEqual(describeTree(diskTree(source, "/site")));
    await sync(at("skipped"), { links: "skip" });
    expect(names(diskTree(first, "/skipped"))).toEqual(["/real/", "/real/f"]);
    await sync(at("followed"), { links: "follow" });
    expect(names(diskTree(first, "/followed"))).toEqual([
      "/real/",
      "/real/f",
      "/to-directory/",
      "/to-directory/f",
      "/to-file",
    ]);
    symlinkSync("..", diskTree(source, "/site/real/loop"));
    const { report } = await sync(at("looped"), { links: "follow" });
    expect(report.exitCode).toBe(23);
    expect(names(diskTree(first, "/looped"))).toContain("/to-file");
  },
  LIMIT_MS,
);

test("--perms keeps modes as far as Chirp stores them, --acls keeps access lists", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/program", "x", { mtime: 1, mode: 0o755 });
  source.plantDirectory("/site/private", {
    acl: ["hostname:* rwldax", "unix:* rwldax", "address:* rwldax", "unix:visitor rl"],
  });
  const words = [source.host, "/site", first.host, "/copy"];
  expect((await sync(words, { perms: true, acls: true })).report.exitCode).toBe(0);
  expect(lstatSync(diskTree(first, "/copy/program")).mode & 0o777).toBe(0o755);
  expect(readFileSync(diskTree(first, "/copy/private/.__acl"), "utf8")).toContain("unix:visitor rl");
  // Of directories that are there as well, the top included.
  chmodSync(diskTree(source, "/site"), 0o711);
  chmodSync(diskTree(source, "/site/private"), 0o700);
  expect((await sync(words, { perms: true, acls: true })).report.exitCode).toBe(0);
  for (const [path, mode] of [
    ["/copy", 0o711],
    ["/copy/private", 0o700],
  ] as const) {
    expect(lstatSync(diskTree(first, path)).mode & 0o777).toBe(mode);
  }
  expect((await sync([source.host, "/site", first.host, "/new"], { perms: true })).report.exitCode).toBe(0);
  await first.forgetRpcs();
  expect((await sync([source.host, "/site", first.host, "/new"], { perms: true })).report.exitCode).toBe(0);
  expect(writingRpcs(await first.countRpcs())).toEqual([]);
  await first.forgetRpcs();
  expect((await sync(words, { perms: true, acls: true })).report.exitCode).toBe(0);
  expect(writingRpcs(await first.countRpcs())).toEqual([]);
});

test("a new directory gets the rights that its place gives, not those of the staging place", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  const more = ["hostname:* rwldpa", "unix:* rwldpa", "address:* rwldpa", "unix:editor rwlp"];
  first.plantDirectory("/copy");
  first.plantDirectory("/copy/shared", { acl: more });
  for (const file of ["a", "b", "c"]) source.plant(`/site/shared/new/${file}`, file, { mtime: 1 });
  for (const file of ["a", "b", "c"]) source.plant(`/site/plain/${file}`, file, { mtime: 1 });
  await sync([source.host, "/site", first.host, "/copy"]);
  const rights = (path: string) => readFileSync(diskTree(first, `${path}/.__acl`), "utf8");
  expect(rights("/copy/shared/new")).toBe(rights("/copy/shared"));
  expect(rights("/copy/plain")).toBe(rights("/copy"));
});

test(
  "--verify asks for hashes; --bwlimit slows; --no-times leaves times",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    source.plant("/site/small", "1", { mtime: 1 });
    source.plant("/site/large", new Uint8Array(20_000_000).fill(4), { mtime: 1 });
    await sync([source.host, "/site", first.host, "/verified"], { verify: true });
    expect((await first.countRpcs())["hash"]).toBe(2);
    const began = performance.now();
    await sync([source.host, "/site", first.host, "/slow"], { bandwidth: 20_000_000 });
    expect(performance.now() - began).toBeGreaterThan(600);
    await sync([source.host, "/site", first.host, "/timeless"], { times: false });
    expect(lstatSync(diskTree(first, "/timeless/small")).mtimeMs).toBeGreaterThan(1e12);
  },
  LIMIT_MS,
);

test(
  "--server-side: the source server sends, times are kept, one file at a time",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    plantSite(source, 6, 2);
    source.plant("/site/caf\u00e9", "odd name", { mtime: 5 });
    const { exitCode, stderr } = await runProgram([
      "-r",
      "--server-side",
      "--settle",
      "0",
      source.host,
      "/site",
      first.host,
      "/copy",
    ]);
    expect(exitCode, stderr).toBe(0);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
    expect((await source.countRpcs())["thirdput"]).toBe(7);
  },
  LIMIT_MS,
);

test("names of a local source that Chirp hides are skipped with a warning, its own without", async () => {
  await using servers = await startServers();
  const { first } = servers;
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-local-"));
  try {
    for (const name of ["a", ".b", ".__c", ".__acl"]) writeFileSync(join(directory, name), name);
    const { report, events } = await sync(["local", directory, first.host, "/copy"]);
    expect([report.exitCode, report.targets[0]?.counts.skipped]).toEqual([0, 1]);
    expect(events.flatMap((event) => (event.kind === "warning" ? [event.path] : []))).toEqual([`${directory}/.__c`]);
    expect(names(diskTree(first, "/copy"))).toEqual(["/.b", "/a"]);
    expect((await sync(["local", directory, first.host, "/copy"], { delete: true })).report.exitCode).toBe(0);
    const back = await sync([first.host, "/copy", "local", directory], { delete: true });
    expect(back.report.targets[0]?.counts.deleted).toBe(0);
    for (const name of ["a", ".b"]) rmSync(join(directory, name));
    const empty = await sync(["local", directory, first.host, "/copy"], { delete: true });
    expect(empty.report.targets[0]?.withheld).toContain("--allow-empty-source");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("a local target keeps modes as they are", async () => {
  await using servers = await startServers();
  const { source } = servers;
  source.plant("/site/program", "x", { mtime: 1, mode: 0o755 });
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-local-"));
  try {
    mkdirSync(join(directory, "out"));
    await sync([source.host, "/site", "local", join(directory, "out")], { perms: true });
    expect(lstatSync(join(directory, "out/program")).mode & 0o777).toBe(0o755);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
