import { expect, test } from "bun:test";
import { existsSync, symlinkSync } from "node:fs";
import { diskTree, startServers } from "./servers.ts";
import { describeTree, sync } from "./sync_run.ts";

test("-L: a link in a circle, or to what may not be read, fails alone; all else is copied, and nothing deleted for it", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  source.plant("/site/below/b", "b", { mtime: 1 });
  source.plant("/secret/f", "f", { mtime: 1 });
  source.plantDirectory("/secret", { acl: ["hostname:nobody r"] });
  symlinkSync("circle", diskTree(source, "/site/circle"));
  symlinkSync("other", diskTree(source, "/site/below/one"));
  symlinkSync("one", diskTree(source, "/site/below/other"));
  symlinkSync("../secret/f", diskTree(source, "/site/denied"));
  first.plant("/copy/circle", "of an earlier time", { mtime: 1 });
  const { report, events } = await sync([source.host, "/site", first.host, "/copy"], {
    links: "follow",
    delete: true,
    ignoreErrors: true,
  });
  expect(report.exitCode).toBe(23);
  const failed = events.flatMap((event) => (event.kind === "failure" ? [event.path] : []));
  expect(failed.sort()).toEqual(["/site/below/one", "/site/below/other", "/site/circle", "/site/denied"]);
  const names = describeTree(diskTree(first, "/copy"), { times: false }).map((line) => line.split(" ")[0]);
  expect(names).toEqual(["/a", "/below/", "/below/b", "/circle"]);
  expect(existsSync(diskTree(first, "/copy/.__chirpsync"))).toBe(false);
});

test("a new link is made wherever it leads, also to what the target lets nobody look into", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plantDirectory("/site/sub");
  first.plantDirectory("/copy/closed", { acl: ["hostname:nobody r"] });
  const ends = ["../closed", "../closed/f", "/copy/closed", "../../copy/closed", "../sub", "nowhere"];
  for (const [index, end] of ends.entries()) symlinkSync(end, diskTree(source, `/site/sub/link${index}`));
  const { report, events } = await sync([source.host, "/site", first.host, "/copy"]);
  expect([report.exitCode, events.filter(({ kind }) => kind === "failure")]).toEqual([0, []]);
  expect(describeTree(diskTree(first, "/copy/sub"))).toEqual(describeTree(diskTree(source, "/site/sub")));
});
