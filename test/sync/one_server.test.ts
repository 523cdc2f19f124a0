/** Source and target on one server: a failure is told of the side where it happened. */
import { expect, test } from "bun:test";
import { startServers } from "./servers.ts";
import { sync } from "./sync_run.ts";

test("a failure of the target is none of the source, though its path begins with the same letters", async () => {
  await using servers = await startServers();
  const { source } = servers;
  source.plant("/site/sub/f", "new", { mtime: 2 });
  source.plant("/site-copy/sub/f", "old", { mtime: 1 });
  source.plantDirectory("/site-copy/sub", { acl: ["hostname:* rl", "unix:* rl", "address:* rl"] });
  const { report, events } = await sync([source.host, "/site", source.host, "/site-copy"]);
  expect(report.exitCode).toBe(23);
  expect(events.flatMap((event) => (event.kind === "failure" ? [event.path] : []))).toEqual(["/site-copy/sub/f"]);
});
