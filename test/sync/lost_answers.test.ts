/** The server did what it was asked, and the connection broke before its answer came: the second try finds it done. */
import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { startTripwire } from "../helpers/tripwire_proxy.ts";
import { diskTree, startServers } from "./servers.ts";
import { describeTree, sync } from "./sync_run.ts";

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
