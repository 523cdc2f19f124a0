/** What ends a run in its middle: nothing goes on behind its back, and nothing is done for nothing. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { startTripwire } from "../helpers/tripwire_proxy.ts";
import { diskTree, startServers } from "./servers.ts";
import { sync } from "./sync_run.ts";
import { waitUntil } from "./wait.ts";

const LONGER_THAN_CLEANING_UP_MS = 1500;

test("a source that dies while files are compared: copies under way end before the lock is given back", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  await using read = await startTripwire(source.port);
  await using written = await startTripwire(first.port);
  source.plant("/site/a/f", "new", { mtime: 1 });
  source.plant("/site/b/f", "1", { mtime: 1 });
  first.plant("/copy/b/f", "2", { mtime: 1 });
  const [begun, dead] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let hasEnded = false;
  void written.arm(
    { on: "payload", names: ["putfile"], line: /chirpsync\/[0-9a-f]{6}/, nth: 1, bytes: 1 },
    async () => {
      begun.resolve();
      await dead.promise;
      await Bun.sleep(LONGER_THAN_CLEANING_UP_MS);
      hasEnded = true;
    },
  );
  void read.arm({ on: "command", names: ["hash", "sha1", "md5"], nth: 1 }, async () => {
    await begun.promise;
    await source.kill();
    dead.resolve();
    return "isLost" as const;
  });
  const words = [`127.0.0.1:${read.port}`, "/site", `127.0.0.1:${written.port}`, "/copy"];
  const { report } = await sync(words, { checksum: true, retries: 0 });
  expect(hasEnded).toBe(true);
  expect(report.exitCode).toBe(5);
  expect(existsSync(diskTree(first, "/copy/.__chirpsync"))).toBe(false);
}, 30_000);

test("what was still to be copied to a target that dies is not read, nor waited for", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  // At the limit they take 15 s.
  for (let index = 0; index < 300; index++) source.plant(`/site/f${index}`, new Uint8Array(10_000), { mtime: 1 });
  const running = sync([source.host, "/site", first.host, "/copy"], { retries: 0, bandwidth: 200_000 });
  await waitUntil("it has begun", async () => ((await first.countRpcs())["putfile"] ?? 0) > 10);
  await first.kill();
  expect((await running).report.exitCode).toBe(5);
  expect((await source.countRpcs())["getfile"]).toBeLessThan(100);
}, 30_000);
