/** Files whose times lie at the edges of what clocks and protocols can say. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { formatHttpDate } from "../../src/web/http/http_date.ts";
import { startCluster } from "../helpers/cluster.ts";
import { run } from "../helpers/run.ts";
import { startWebServer } from "../helpers/web_server.ts";

setDefaultTimeout(60_000);

const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
const future = Math.floor(Date.now() / 1000) + 400 * 86_400;
const times: readonly [name: string, mtime: number][] = [
  ["epoch.txt", 0],
  ["second.txt", 1],
  ["2038.txt", 2 ** 31 - 1],
  ["after-2038.txt", 2 ** 31],
  ["2106.txt", 2 ** 32 - 1],
  ["future.txt", future],
];

test("times from 1970 to 2106 and of the future are copied as they are, and once", async () => {
  await using cluster = await startCluster({ servers: 2 });
  const [source, target] = cluster.servers;
  for (const [name, mtime] of times) source.plant(`/site/${name}`, `of ${mtime}`, { mtime });
  const words = [process.execPath, program, "-r", "--json", source.host, "/site", target!.host, "/copy"];
  const first = await run(words);
  expect([first.exitCode, first.stderr]).toEqual([0, ""]);
  for (const [name, mtime] of times) {
    const disk = target!.diskPath(`/copy/${name}`);
    expect([name, readFileSync(disk, "utf8"), Math.floor(statSync(disk).mtimeMs / 1000)]).toEqual([
      name,
      `of ${mtime}`,
      mtime,
    ]);
  }
  const second = await run(words);
  expect(second.exitCode).toBe(0);
  expect(second.stdout).toContain(`"copied":0,"updated":0`);
});

test("a time beyond 2106 is reported or copied, and the rest is not held up", async () => {
  await using cluster = await startCluster({ servers: 2 });
  const [source, target] = cluster.servers;
  source.plant("/site/far.txt", "far", { mtime: 2 ** 32 + 5 });
  source.plant("/site/near.txt", "near", { mtime: 1_600_000_000 });
  const { exitCode } = await run([process.execPath, program, "-r", source.host, "/site", target!.host, "/copy"]);
  expect([0, 23]).toContain(exitCode);
  expect(readFileSync(target!.diskPath("/copy/near.txt"), "utf8")).toBe("near");
});

test("the web server dates them rightly, and files of the future not at all", async () => {
  await using cluster = await startCluster({ servers: 1 });
  const now = Date.now() / 1000;
  for (const [name, mtime] of times) cluster.servers[0].plant(`/${name}`, `of ${mtime}`, { mtime });
  await using web = await startWebServer(["--servers", cluster.serversFile, "--access-log", "off", "--autoindex"]);
  const get = (path: string, headers = {}) => fetch(`http://127.0.0.1:${web.port}${path}`, { headers });
  for (const [name, mtime] of times) {
    const response = await get(`/${name}`);
    const modified = response.headers.get("last-modified");
    expect([name, response.status, await response.text()]).toEqual([name, 200, `of ${mtime}`]);
    expect([name, modified]).toEqual([name, mtime > now ? null : formatHttpDate(mtime)]);
    const again = await get(`/${name}`, { "If-None-Match": response.headers.get("etag")! });
    expect([name, again.status]).toEqual([name, 304]);
    const since = await get(`/${name}`, { "If-Modified-Since": formatHttpDate(Math.floor(now)) });
    expect([name, since.status]).toEqual([name, mtime > now ? 200 : 304]);
  }
  const listing = await get("/", { Accept: "application/json" });
  expect(listing.status).toBe(200);
  expect(await listing.text()).toContain("2106.txt");
  expect((await get("/")).status).toBe(200);
});
