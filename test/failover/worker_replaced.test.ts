/** Workers that die, and workers that stick: their lane replaces them. */
import { readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, setDefaultTimeout, test } from "bun:test";
import { createLane, type Lane } from "../../src/chirp/lane.ts";
import { parseServerAddress } from "../../src/chirp/server_address.ts";
import { ChirpError } from "../../src/errors.ts";
import { startCluster, type TestServer } from "../helpers/cluster.ts";
import { startFaultProxy } from "../helpers/fault_proxy.ts";
import { run } from "../helpers/run.ts";
import { until } from "./load.ts";

setDefaultTimeout(60_000);

function laneTo(host: string, more: Partial<Parameters<typeof createLane>[0]> = {}): Lane & AsyncDisposable {
  const lane = createLane({
    ...parseServerAddress(host),
    workers: 2,
    queueLimit: 10,
    timeoutMs: 5_000,
    connectTimeoutSeconds: 5,
    auth: ["unix", "hostname", "address"],
    tickets: "",
    ...more,
  });
  // Not a copy: its counters are getters.
  return Object.assign(lane, { [Symbol.asyncDispose]: async () => await lane.close() });
}

/** The code of the ChirpError that a call ends with. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => "answered",
    (error: unknown) => (error instanceof ChirpError ? error.code : String(error)),
  );
}

const size = async (lane: Lane) => (await lane.call({ kind: "stat", path: "/a.txt" })).size;

function plant(server: TestServer): void {
  server.plant("/a.txt", "twelve bytes");
}

test("one that dies of an unexpected error fails its call only, and is replaced", async () => {
  await using cluster = await startCluster({ servers: 1 });
  plant(cluster.servers[0]);
  await using lane = laneTo(cluster.hosts[0]!);
  expect(await size(lane)).toBe(12);
  for (let round = 0; round < 5; round++) {
    // More memory than there is.
    const dying = lane.call({ kind: "getFile", path: "/a.txt", size: 2 ** 52 }).catch((error: unknown) => error);
    const others = Array.from({ length: 6 }, async () => await size(lane));
    expect(await dying).toMatchObject({
      code: "ECONNABORTED",
      detail: expect.stringMatching(/^worker failed: RangeError: .* at /),
    });
    expect(await Promise.all(others)).toEqual([12, 12, 12, 12, 12, 12]);
  }
});

test("one that never comes back from a call is abandoned, and the next call has another one", async () => {
  await using cluster = await startCluster({ servers: 1 });
  const [server] = cluster.servers;
  plant(server);
  const pipe = join(cluster.directory, "ticket");
  await run(["mkfifo", pipe]);
  // A ticket on a file system that hangs: opening it blocks, and no stoptime ends that.
  await using lane = laneTo(server.host, { auth: ["ticket", "unix"], tickets: pipe, workers: 1 });
  const started = performance.now();
  expect(await codeOf(lane.call({ kind: "whoami" }, { timeoutMs: 500 }))).toBe("ETIMEDOUT");
  expect(performance.now() - started).toBeLessThan(1_500);
  rmSync(pipe);
  // Its only worker is still stuck in the pipe that was there.
  await until(
    "replaced",
    10_000,
    async () => (await codeOf(lane.call({ kind: "whoami" }, { timeoutMs: 1_000 }))) === "answered",
  );
  expect(await size(lane)).toBe(12);
});

test("calls that hang are given up when their server is well again, and their workers replaced and ended", async () => {
  await using cluster = await startCluster({ servers: 1 });
  plant(cluster.servers[0]);
  await using proxy = await startFaultProxy(cluster.servers[0].port);
  await using lane = laneTo(proxy.host);
  expect(await Promise.all([size(lane), size(lane)])).toEqual([12, 12]);
  const before = threadsOfOurs();
  for (let round = 0; round < 2; round++) {
    await proxy.set({ kind: "swallow" });
    const hanging = Array.from(
      { length: 4 },
      async () => await codeOf(lane.call({ kind: "whoami" }, { timeoutMs: 1_500 })),
    );
    // The second is started up to 100 ms after the first.
    await until("both workers hang", 2_000, () => lane.running === 2 && lane.oldestRunningMs() > 600);
    await proxy.set({ kind: "none" });
    lane.abandonOlderThan(250);
    // The two that waited are answered by new workers.
    expect((await Promise.all(hanging)).sort()).toEqual(["ETIMEDOUT", "ETIMEDOUT", "answered", "answered"]);
  }
  expect(threadsOfOurs()).toBeGreaterThan(before);
  await until("the abandoned ones have ended", 8_000, () => threadsOfOurs() <= before);
});

/** Threads of this process that run JavaScript: each has an event loop of its own. */
function threadsOfOurs(): number {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The one that lists the directory has gone.
      return "";
    }
  });
  return targets.filter((target) => target.includes("[eventpoll]")).length;
}

test("a call that waits for a worker fails as an overload, not as the server's fault", async () => {
  await using cluster = await startCluster({ servers: 1 });
  plant(cluster.servers[0]);
  await using lane = laneTo(cluster.hosts[0]!, { workers: 1, queueLimit: 2 });
  expect(await size(lane)).toBe(12);
  cluster.servers[0].stop();
  const calls = Array.from({ length: 5 }, async () => await codeOf(lane.call({ kind: "whoami" }, { timeoutMs: 600 })));
  const controller = new AbortController();
  expect(await Promise.all(calls)).toEqual(["ETIMEDOUT", "ENOBUFS", "ENOBUFS", "ENOBUFS", "ENOBUFS"]);
  const waiting = codeOf(lane.call({ kind: "whoami" }, { signal: controller.signal }));
  controller.abort();
  expect(await waiting).toBe("ECONNABORTED");
  cluster.servers[0].resume();
  await until(
    "answered",
    5_000,
    async () => (await codeOf(lane.call({ kind: "whoami" }, { timeoutMs: 1_000 }))) === "answered",
  );
});

test("an unknown host name is no missing file", async () => {
  await using lane = laneTo("no-such-host.invalid:9094");
  const calls = Array.from({ length: 5 }, async () => await codeOf(size(lane)));
  expect(new Set(await Promise.all(calls))).toEqual(new Set(["ENOTFOUND"]));
});

test("a closed lane refuses calls and lets running ones end", async () => {
  await using cluster = await startCluster({ servers: 1 });
  plant(cluster.servers[0]);
  const lane = laneTo(cluster.hosts[0]!);
  const running = size(lane);
  const closed = lane.close(5_000);
  expect(await codeOf(size(lane))).toBe("ECONNABORTED");
  expect(await running).toBe(12);
  await closed;
});
