/**
 * Many requests, some of them with faults, leave the web server as large as it was. The long form:
 *
 *     CHIRP_SITE_LEAK_REQUESTS=50000 bun test test/failover/leaks.test.ts
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, setDefaultTimeout, test } from "bun:test";
import { startCluster } from "../helpers/cluster.ts";
import { type Fault, startFaultProxy } from "../helpers/fault_proxy.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { testBytes } from "./download.ts";
import { startLoad, until, wrong } from "./load.ts";

const requests = Number(process.env["CHIRP_SITE_LEAK_REQUESTS"] ?? 2_000);
setDefaultTimeout(60_000 + requests * 20);

/** What the allocator and the collector of Bun swing by in the steady state. */
const RSS_SWING_MB = 60;
/** Connections of clients and files that are just being looked at. */
const FDS_SWING = 6;
const THREADS_SWING = 6;

interface Size {
  readonly fds: number;
  readonly threads: number;
  readonly rssMb: number;
}

function sizeOf(pid: number): Size {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return {
    fds: readdirSync(`/proc/${pid}/fd`).length,
    threads: number("Threads"),
    rssMb: Math.round(number("VmRSS") / 1024),
  };
}

const small = (n: number) => `/d${n % 8}/file${n % 200}.txt`;
const large = "/large.bin";
const largeBytes = testBytes(6_000_000);
const contents = (path: string) => (path === large ? largeBytes.toString("latin1") : `contents of ${path} `.repeat(50));
const path = (n: number) => (n % 100 === 99 ? large : small(n));

const faults: readonly Fault[] = [
  { kind: "refuse" },
  { kind: "cut", afterBytes: 30_000, how: "reset" },
  { kind: "swallow" },
  { kind: "garbage" },
  { kind: "drip", bytesPerSecond: 2_000 },
];

test(`${requests} requests, with servers that come and go and clients that hang up, leave nothing behind`, async () => {
  await using cluster = await startCluster({ servers: 3 });
  for (const server of cluster.servers) {
    for (let n = 0; n < 200; n++) server.plant(small(n), contents(small(n)), { mtime: 1_700_000_000 });
    server.plant(large, largeBytes, { mtime: 1_700_000_000 });
  }
  await using proxy = await startFaultProxy(cluster.servers[2]!.port);
  const serversFile = join(cluster.directory, "with-proxy.txt");
  writeFileSync(serversFile, [cluster.hosts[0], cluster.hosts[1], proxy.host].join("\n"));
  await using web = await startWebServer([
    "--servers",
    serversFile,
    "--access-log",
    "off",
    "--cache-size",
    "1MiB",
    "--cache-ttl",
    "0.3",
    "--buffer-limit",
    "0",
    "--timeout",
    "3",
  ]);

  const round = async (count: number, fault: Fault) => {
    const load = startLoad({ port: web.port, clients: 8, count, path });
    await load.reached(count * 0.1);
    await Promise.all([proxy.set(fault), cluster.servers[1]!.kill()]);
    for (let n = 0; n < 20; n++) await hangUp(web.port);
    await load.reached(count * 0.6);
    await Promise.all([proxy.set({ kind: "none" }), cluster.servers[1]!.restart()]);
    return await load.done;
  };
  /** Nothing under way, all servers in use, and what hung has been given up. */
  const settle = async () => {
    await until("all servers well", 20_000, () => {
      const states = web.stderr().matchAll(/^(\S+:\d+) is (.*)$/gm);
      const last = new Map([...states].map(([, server, state]) => [server, state]));
      return last.size === 3 && [...last.values()].every((state) => state === "well");
    });
    // A worker that hung is ended by its stoptime at the latest.
    await Bun.sleep(5_000);
    // As many at once as start every worker that a lane may have.
    await startLoad({ port: web.port, clients: 40, count: 400, path: small }).done;
    await Bun.sleep(500);
    return sizeOf(web.pid);
  };

  for (const fault of faults) expect(wrong(await round(400, fault), contents)).toEqual([]);
  const before = await settle();
  const perRound = requests / (faults.length * Math.max(1, Math.round(requests / 10_000)));
  for (let done = 0; done < requests;) {
    for (const fault of faults) {
      const replies = await round(perRound, fault);
      expect(wrong(replies, contents)).toEqual([]);
      done += replies.length;
    }
  }
  const after = await settle();
  console.log(`    before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
  expect(after.fds).toBeLessThanOrEqual(before.fds + FDS_SWING);
  expect(after.threads).toBeLessThanOrEqual(before.threads + THREADS_SWING);
  expect(after.rssMb).toBeLessThan(before.rssMb + RSS_SWING_MB);
  expect(web.stderr()).not.toContain("unexpected");
});

/** Asks for the large file and goes away when its first bytes come. */
async function hangUp(port: number): Promise<void> {
  const controller = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}${large}`, { signal: controller.signal });
  await response.body?.getReader().read();
  controller.abort();
}
