/** A long list of servers that are gone: a request neither asks them all nor starts a worker for each. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWebServer } from "../helpers/web_server.ts";
import { waitUntil } from "../sync/wait.ts";

setDefaultTimeout(60_000);

const servers = 120;
/** Asked for one answer, and workers (a thread each) of a few requests: ask.ts, TRIES_MAX. */
const triesMax = 16;
const requests = 3;
const otherThreads = 40;

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "chirp-site-test-"));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function threads(pid: number): number {
  return Number(/^Threads:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

test("120 servers that refuse: 503 at once, 16 asked, memory bounded", async () => {
  const file = join(directory, "servers.txt");
  // Nobody listens there.
  writeFileSync(file, Array.from({ length: servers }, (_, index) => `127.77.0.${index + 1}:9\n`).join(""));
  await using web = await startWebServer(["--servers", file, "--access-log", "json", "--error-page", "503=/503.html"]);
  await waitUntil("all are known to be gone", () => web.stderr().split("is not used").length > servers);
  for (let request = 0; request < requests; request++) {
    const response = await fetch(`http://127.0.0.1:${web.port}/${request}`);
    expect(response.status).toBe(503);
    await response.arrayBuffer();
  }
  await waitUntil("the log is written", () => web.stdout().split("\n").length > requests);
  for (const line of web.stdout().trim().split("\n")) expect(JSON.parse(line).tries).toBeLessThanOrEqual(triesMax);
  expect(threads(web.pid)).toBeLessThan(otherThreads + triesMax * (requests + 2));
});
