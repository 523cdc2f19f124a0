/** The server did what it was asked, and the connection broke before its answer came: the second try finds it done. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { startTripwire } from "../helpers/tripwire_proxy.ts";
import { diskTree, startServers } from "./servers.ts";
import { describeTree, sync } from "./sync_run.ts";
import { waitUntil } from "./wait.ts";

test.each<[what: string, command: string, line: RegExp]>([
  ["the staging place", "mkdir", /__chirpsync 493/],
  ["a claim of the lock", "mkdir", /claim-/],
  ["the lock", "rename", /claim-/],
  ["a directory staged whole", "mkdir", /__chirpsync\/[0-9a-f]{6}/],
  ["its coming into view", "rename", /__chirpsync\/[0-9a-f]{6}/],
  ["a link that replaces another", "symlink", /__chirpsync/],
])(
  "%s",
  async (_what, command, line) => {
    await using servers = await startServers();
    const { source, first } = servers;
    await using wire = await startTripwire(first.port);
    for (const name of ["a", "new/b", "new/c", "new/below/d"]) source.plant(`/site/${name}`, name, { mtime: 1 });
    symlinkSync("a", diskTree(source, "/site/link"));
    first.plantDirectory("/copy");
    symlinkSync("elsewhere", diskTree(first, "/copy/link"));
    void wire.arm({ on: "answer", names: [command], line, nth: 1, bytes: 1 }, () => "isLost");
    const { report, events } = await sync([source.host, "/site", `127.0.0.1:${wire.port}`, "/copy"]);
    expect(wire.hasTripped).toBe(true);
    expect(events.filter(({ kind }) => kind === "failure" || kind === "warning")).toEqual([]);
    expect([report.exitCode, report.targets[0]?.ending]).toEqual([0, null]);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  },
  30_000,
);

test.each<[what: string, command: string, line: RegExp, backup: string | null, nth?: number]>([
  // Denied first, as the directory that it goes to is missing.
  ["a file moved to the backup", "rename", /copy\/a \/kept/, "/kept", 2],
  ["a link moved to the backup", "rename", /copy\/link \/kept/, "/kept"],
  ["a file moved to the backup before a directory comes", "rename", /copy\/new \/kept/, "/kept"],
  ["a directory made for the backup", "mkdir", /kept\/gone\/deep/, "/kept", 2],
  ["a deleted file moved to the backup", "rename", /copy\/gone\/deep\/f \/kept/, "/kept", 2],
  ["a file moved out of a directory's way", "rename", /copy\/new \S*__chirpsync/, null],
])(
  "%s",
  async (_what, command, line, backupDirectory, nth = 1) => {
    await using servers = await startServers();
    const { source, first } = servers;
    await using wire = await startTripwire(first.port);
    for (const name of ["a", "new/b", "new/c"]) source.plant(`/site/${name}`, name, { mtime: 1 });
    symlinkSync("a", diskTree(source, "/site/link"));
    for (const name of ["a", "new", "gone/deep/f"]) first.plant(`/copy/${name}`, "old", { mtime: 50 });
    symlinkSync("elsewhere", diskTree(first, "/copy/link"));
    void wire.arm({ on: "answer", names: [command], line, nth, bytes: 1 }, () => "isLost");
    const words = [source.host, "/site", `127.0.0.1:${wire.port}`, "/copy"];
    const { report, events } = await sync(words, { delete: true, backupDirectory });
    expect(wire.hasTripped).toBe(true);
    expect(events.filter(({ kind }) => kind === "failure" || kind === "warning")).toEqual([]);
    expect([report.exitCode, report.targets[0]?.counts.deleted]).toEqual([0, 3]);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
    if (backupDirectory === null) return;
    for (const name of ["a", "new", "gone/deep/f"])
      expect(readFileSync(diskTree(first, `/kept/${name}`), "utf8")).toBe("old");
  },
  30_000,
);

test("a server that notices late removes what came over the lost connection: the file is there all the same", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  await using wire = await startTripwire(first.port);
  for (const name of "abcd") source.plant(`/site/new/${name}`, new Uint8Array(50_000), { mtime: 1 });
  first.plantDirectory("/copy");
  const trip = { on: "payload", names: ["putfile"], line: /__chirpsync\/\w+\/a /, nth: 1, bytes: 1 } as const;
  void wire.arm(trip, () => "isLostUnnoticed");
  const words = [source.host, "/site", `127.0.0.1:${wire.port}`, "/copy"];
  // Slow enough for the first file to be there, and gone, long before the last one comes.
  const running = sync(words, { bandwidth: 30_000, transfers: 1 });
  let staged = "";
  await waitUntil("the second try has come", async () => {
    const line = (await first.rpcLog()).find((text) => /^utime \S+\/a /.test(text));
    staged = line?.split(" ")[1] ?? "";
    return staged !== "";
  });
  wire.disarm();
  await waitUntil("the server has removed it", () => !existsSync(diskTree(first, staged)));
  expect(existsSync(diskTree(first, "/copy/new"))).toBe(false);
  const { report } = await running;
  expect([report.exitCode, report.targets[0]?.counts.copied]).toEqual([0, 4]);
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
}, 30_000);

test("the removal of what shows source and target to be one place", async () => {
  await using servers = await startServers();
  const { source } = servers;
  await using wire = await startTripwire(source.port);
  source.plant("/site/a", "a", { mtime: 1 });
  void wire.arm({ on: "answer", names: ["unlink"], nth: 1, bytes: 1 }, () => "isLost");
  const { report } = await sync([source.host, "/site", `127.0.0.1:${wire.port}`, "/site"]);
  expect(wire.hasTripped).toBe(true);
  expect([report.exitCode, report.targets[0]?.ending?.stage]).toEqual([2, "overlap"]);
  expect(readdirSync(diskTree(source, "/site")).sort()).toEqual([".__acl", "a"]);
}, 30_000);
