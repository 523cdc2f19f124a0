/** One replica is in trouble: the others are complete, the time is bounded, the exit code says what it was. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { diskTree, plantSite, startServers } from "./servers.ts";
import { describeTree, runProgram, sync } from "./sync_run.ts";
import { waitUntil } from "./wait.ts";

const LIMIT_MS = 60_000;

test(
  "a target killed half way ends with 5, the other is complete, and the next run finishes",
  async () => {
    await using servers = await startServers();
    const { source, first, second } = servers;
    plantSite(source, 300, 10);
    const words = [source.host, "/site", first.host, "/copy", second.host, "/copy"];
    const running = sync(words, { retries: 0 });
    await waitUntil("half is there", async () => ((await first.countRpcs())["putfile"] ?? 0) > 100);
    await first.kill();
    const { report } = await running;
    expect(report.targets.map(({ exitCode }) => exitCode)).toEqual([5, 0]);
    expect(report.exitCode).toBe(5);
    const expected = describeTree(diskTree(source, "/site"));
    expect(describeTree(diskTree(second, "/copy"))).toEqual(expected);
    await first.restart();
    expect((await sync(words)).report.exitCode).toBe(0);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(expected);
  },
  LIMIT_MS,
);

test(
  "a target stopped half way ends with 30 after the timeout, and costs the other no more than a moment",
  async () => {
    await using servers = await startServers();
    const { source, first, second } = servers;
    plantSite(source, 300, 10);
    const running = sync([source.host, "/site", first.host, "/copy", second.host, "/copy"], { timeoutSeconds: 3 });
    await waitUntil("half is there", async () => ((await first.countRpcs())["putfile"] ?? 0) > 100);
    first.stop();
    const { report } = await running;
    first.resume();
    const [stopped, other] = report.targets;
    expect(stopped?.exitCode).toBe(30);
    expect(stopped?.seconds).toBeLessThan(15);
    expect(other?.exitCode).toBe(0);
    expect(other?.seconds).toBeLessThan(stopped?.seconds ?? 0);
    expect(describeTree(diskTree(second, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  },
  LIMIT_MS,
);

test.each([
  ["source", "kill", 5],
  ["source", "stop", 30],
  ["first", "kill", 5],
  ["first", "stop", 30],
] as const)(
  "%s: %s while many directories are listed ends with %d, and one line says why",
  async (which, fault, code) => {
    await using servers = await startServers();
    const { source, first } = servers;
    for (const server of [source, first]) plantSite(server, 300, 300);
    const before = await servers[which].countRpcs();
    const lists = async () => ((await servers[which].countRpcs())["getlongdir"] ?? 0) - (before["getlongdir"] ?? 0);
    const words = [
      "-r",
      "--settle",
      "0",
      "--retries",
      "0",
      "--timeout",
      "2",
      source.host,
      "/site",
      first.host,
      "/site",
    ];
    const running = runProgram(words);
    await waitUntil("it lists", async () => (await lists()) > 60);
    await servers[which][fault]();
    const { exitCode, stderr } = await running;
    expect([exitCode, stderr.trimEnd().split("\n")]).toEqual([
      code,
      [expect.stringMatching(/^chirp_synchronize: Cannot \w+ .*(refused|reset|lost|timed out)/)],
    ]);
  },
  LIMIT_MS,
);

test(
  "a target stopped during a large file does not hold the source's reader",
  async () => {
    await using servers = await startServers();
    const { source, first, second } = servers;
    source.plant("/site/large", new Uint8Array(400 * 1024 * 1024).fill(3), { mtime: 1_600_000_000 });
    const running = sync([source.host, "/site", first.host, "/copy", second.host, "/copy"], { timeoutSeconds: 4 });
    await waitUntil("it has begun", async () => ((await first.countRpcs())["pwrite"] ?? 0) > 2);
    first.stop();
    const { report } = await running;
    first.resume();
    const [stopped, other] = report.targets;
    expect([stopped?.exitCode, other?.exitCode]).toEqual([30, 0]);
    expect(other?.seconds).toBeLessThan(stopped?.seconds ?? 0);
  },
  LIMIT_MS,
);

test(
  "a full target ends with 11, keeps its old files, and the other is complete",
  async () => {
    await using servers = await startServers({ extraArguments: ["--root-quota", "3000000"] });
    const { source, first, second } = servers;
    source.plant("/site/a", "small", { mtime: 1 });
    source.plant("/site/z", "new", { mtime: 1 });
    first.plant("/copy/z", "old", { mtime: 2 });
    source.plant("/site/b", new Uint8Array(5_000_000), { mtime: 1 });
    const { report, events } = await sync([source.host, "/site", first.host, "/copy", second.host, "/copy"]);
    expect(report.targets[0]?.exitCode).toBe(11);
    expect(events.some((event) => event.kind === "failure" && event.code === "ENOSPC")).toBe(true);
    expect(existsSync(diskTree(first, "/copy/b"))).toBe(false);
    expect(await Bun.file(diskTree(first, "/copy/z")).text()).toBe("new");
  },
  LIMIT_MS,
);

test(
  "a target that may not be written ends with 23 and is left as it was",
  async () => {
    await using servers = await startServers();
    const { source, first, second } = servers;
    source.plant("/site/a", "a", { mtime: 1 });
    first.plantDirectory("/copy", { acl: ["hostname:* rl", "unix:* rl", "address:* rl"] });
    const { report } = await sync([source.host, "/site", first.host, "/copy", second.host, "/copy"]);
    expect(report.targets.map(({ exitCode }) => exitCode)).toEqual([23, 0]);
    expect(report.targets[0]?.counts.failed).toBeGreaterThan(0);
    expect(describeTree(diskTree(first, "/copy"), { times: false })).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "a subdirectory without rights fails alone, on the target and at the source",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    const readOnly = ["hostname:* rl", "unix:* rl", "address:* rl"];
    source.plant("/site/closed/f", "1", { mtime: 1 });
    source.plant("/site/open/f", "2", { mtime: 1 });
    source.plant("/site/hidden/f", "3", { mtime: 1 });
    first.plantDirectory("/copy/closed", { acl: readOnly });
    first.plant("/copy/hidden/kept", "kept");
    first.plant("/copy/gone", "x");
    source.plantDirectory("/site/hidden", { acl: ["hostname:nobody r"] });
    const { report, events } = await sync([source.host, "/site", first.host, "/copy"], {
      delete: true,
      ignoreErrors: true,
    });
    expect(report.exitCode).toBe(23);
    const failures = events
      .filter((event) => event.kind === "failure")
      .map((event) => ("path" in event ? event.path : ""));
    expect(failures.sort()).toEqual(["/copy/closed/f", "/site/hidden"]);
    expect(await Bun.file(diskTree(first, "/copy/open/f")).text()).toBe("2");
    expect(existsSync(diskTree(first, "/copy/hidden/kept"))).toBe(true);
    expect(existsSync(diskTree(first, "/copy/gone"))).toBe(false);
  },
  LIMIT_MS,
);

test(
  "dead, unknown and foreign hosts end with 5 at once; the living target is complete",
  async () => {
    await using servers = await startServers();
    const { source, first, second } = servers;
    source.plant("/site/a", "a", { mtime: 1 });
    await second.kill();
    using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("no Chirp here") });
    const began = performance.now();
    const { exitCode, stderr } = await runProgram([
      ...["-r", "--settle", "0", source.host, "/site", first.host, "/copy", second.host, "/copy"],
      ...["no-such-host.invalid", "/copy", `127.0.0.1:${other.port}`, "/copy"],
    ]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain(second.host);
    expect(stderr).toContain("no-such-host.invalid");
    expect(stderr).toContain(`127.0.0.1:${other.port}`);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  },
  LIMIT_MS,
);

test(
  "authentication refused ends with 5, at the source and at a target, and writes nothing",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    source.plant("/site/a", "a", { mtime: 1 });
    const { exitCode, stderr } = await runProgram(["-a", "ticket", source.host, "/site", first.host, "/copy"]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain("authentication refused");
    expect(await first.rpcLog()).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "the whole of one server into the whole of another",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    source.plant("/site/a", "a", { mtime: 1 });
    source.plant("/b", "b", { mtime: 1 });
    expect((await sync([source.host, "/", first.host, "/"])).report.exitCode).toBe(0);
    expect(describeTree(diskTree(first, "/"))).toEqual(describeTree(diskTree(source, "/")));
  },
  LIMIT_MS,
);
