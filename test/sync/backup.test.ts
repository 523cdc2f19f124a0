/** --backup-dir in all its spellings: a backup is never taken for contents of the target, and never goes to the source. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { diskTree, startServers } from "./servers.ts";
import { describeTree, runProgram, sync } from "./sync_run.ts";

test.each(["./backup", "backup/", "x/../backup", "/copy//backup", "/copy/./x/../backup"])(
  "%s in the target is left alone by a second --delete",
  async (backupDirectory) => {
    await using servers = await startServers();
    const { source, first } = servers;
    source.plant("/site/a", "new", { mtime: 100 });
    first.plant("/copy/a", "old", { mtime: 50 });
    first.plant("/copy/gone", "gone", { mtime: 50 });
    const words = [source.host, "/site", first.host, "/copy"];
    for (let round = 0; round < 2; round++) {
      expect((await sync(words, { delete: true, backupDirectory })).report.exitCode).toBe(0);
      expect(readFileSync(diskTree(first, "/copy/backup/a"), "utf8")).toBe("old");
      expect(readFileSync(diskTree(first, "/copy/backup/gone"), "utf8")).toBe("gone");
      expect(existsSync(diskTree(first, "/copy/backup/backup"))).toBe(false);
    }
  },
);

test("a backup directory that is the target, holds it, or lies in the source is refused: 2, and nothing is written", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/a", "new", { mtime: 100 });
  source.plant("/copy/a", "old", { mtime: 50 });
  first.plant("/copy/a", "old", { mtime: 50 });
  first.plant("/copy/gone", "gone", { mtime: 50 });
  symlinkSync("site", diskTree(source, "/alias"));
  const before = [source, first].map((server) => describeTree(diskTree(server, "/"), { times: false }));
  for (const [backup, target] of [
    [".", first.host],
    ["x/..", first.host],
    ["/copy/", first.host],
    ["..", first.host],
    ["/", first.host],
    ["/site/old", source.host],
    ["../site", source.host],
    ["/site/old", `localhost:${source.port}`],
    ["/alias/old", source.host],
  ] as const) {
    const words = ["-r", "--delete", "--settle", "0", "--backup-dir", backup, source.host, "/site", target, "/copy"];
    const { exitCode, stderr } = await runProgram(words);
    expect(`${backup} ${target}: ${exitCode} ${stderr}`).toContain(": 2 chirp_synchronize: ");
    expect(stderr).toContain("backup");
  }
  expect([source, first].map((server) => describeTree(diskTree(server, "/"), { times: false }))).toEqual(before);
});

test("files of one directory that are backed up together share the directories made for them", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  const names = ["f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7"];
  for (const name of names) {
    source.plant(`/site/a/b/c/${name}`, "new", { mtime: 100 });
    first.plant(`/copy/a/b/c/${name}`, "old", { mtime: 50 });
    first.plant(`/copy/gone/deep/${name}`, "gone", { mtime: 50 });
  }
  const words = [source.host, "/site", first.host, "/copy"];
  const maxDelete = { kind: "count", count: 10 } as const;
  const { report, events } = await sync(words, { delete: true, maxDelete, backupDirectory: "/kept/today" });
  expect(events.filter(({ kind }) => kind === "failure")).toEqual([]);
  expect(report.exitCode).toBe(0);
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  for (const name of names) {
    expect(readFileSync(diskTree(first, `/kept/today/a/b/c/${name}`), "utf8")).toBe("old");
    expect(readFileSync(diskTree(first, `/kept/today/gone/deep/${name}`), "utf8")).toBe("gone");
  }
});
