/** A file that is away when the source is listed, and there again before its copies are deleted. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startCluster } from "../helpers/cluster.ts";
import { run } from "../helpers/run.ts";
import { startTripwire } from "../helpers/tripwire_proxy.ts";

setDefaultTimeout(60_000);

const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");

test("is kept, and the run says that it is not done: 24; the next one copies it", async () => {
  await using cluster = await startCluster({ servers: 2 });
  const [source, target] = cluster.servers;
  await using wire = await startTripwire(source.port);
  source.plant("/site/other.html", "other", { mtime: 1_600_000_000 });
  source.plant("/site/page.html", "old", { mtime: 1_600_000_000 });
  const words = [
    process.execPath,
    program,
    "-r",
    "--delete",
    "--settle",
    "0",
    `127.0.0.1:${wire.port}`,
    "/site",
    target!.host,
    "/copy",
  ];
  expect((await run(words)).exitCode).toBe(0);

  rmSync(source.diskPath("/site/page.html"));
  // It is asked for once more before it is deleted.
  void wire.arm({ on: "command", names: ["lstat /site/page.html"], nth: 1 }, () =>
    source.plant("/site/page.html", "new", { mtime: 1_600_000_100 }),
  );
  const { exitCode, stderr } = await run(words);
  expect(wire.hasTripped).toBe(true);
  expect([exitCode, stderr]).toEqual([24, expect.stringContaining("it appeared at the source meanwhile, and is kept")]);
  expect(readFileSync(target!.diskPath("/copy/page.html"), "utf8")).toBe("old");

  expect((await run(words)).exitCode).toBe(0);
  expect(readFileSync(target!.diskPath("/copy/page.html"), "utf8")).toBe("new");
});
