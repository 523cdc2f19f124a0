/** Whole programs against a replica that lies by chance: they go on, and nothing outside of their task is touched. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { startCluster } from "../helpers/cluster.ts";
import { watchMemory } from "../helpers/watch_memory.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { sampleProcess } from "../soak/process_watch.ts";
import { fuzz, fuzzLimitMs, fuzzSeconds } from "./fuzz_run.ts";
import { startRandomLiar } from "./random_liar.ts";

const files = [
  { name: "a.txt", contents: "contents of a" },
  { name: "b.txt", contents: "contents of b ".repeat(3000) },
  { name: "c.bin", contents: "c".repeat(200_000) },
];
const RSS_GROWTH_MIB = 200;

test(
  "the web server, with an honest replica beside the liar, goes on answering",
  async () => {
    await using cluster = await startCluster({ servers: 1 });
    for (const { name, contents } of files) cluster.servers[0].plant(`/${name}`, contents, { mtime: 1_600_000_000 });
    await fuzz("liar behind the web server", fuzzSeconds(3), async (random) => {
      await using liar = await startRandomLiar({ random, files, lies: random.pick([0.05, 0.3, 1]) });
      writeFileSync(cluster.serversFile, `${cluster.hosts[0]}\n${liar.host}\n`);
      const cache = random.chance(0.5) ? ["--cache-ttl", "0", "--cache-size", "0"] : [];
      await using web = await startWebServer([
        "--servers",
        cluster.serversFile,
        "--access-log",
        "off",
        "--timeout",
        "5",
        "--autoindex",
        ...cache,
      ]);
      const before = sampleProcess(web.pid)!;
      for (let request = 0; request < 60; request++) {
        const path = random.pick(["/a.txt", "/b.txt", "/c.bin", "/", "/none", "/d/a.txt"]);
        const response = await fetch(`http://127.0.0.1:${web.port}${path}`, {
          redirect: "manual",
          signal: AbortSignal.timeout(15_000),
        });
        await response.bytes();
        // Another size, another time: a version as good as any. What is broken is not passed on.
        expect([200, 301, 403, 404]).toContain(response.status);
      }
      expect(sampleProcess(web.pid)!.rssMiB - before.rssMiB).toBeLessThan(RSS_GROWTH_MIB);
      expect(web.stderr()).not.toContain("unexpected");
      // Without the liar everything is as before.
      writeFileSync(cluster.serversFile, `${cluster.hosts[0]}\n`);
      web.kill("SIGHUP");
      await Bun.sleep(1_500);
      for (const { name, contents } of files) {
        const response = await fetch(`http://127.0.0.1:${web.port}/${name}`);
        expect([name, response.status, (await response.text()) === contents]).toEqual([name, 200, true]);
      }
    });
  },
  fuzzLimitMs(3),
);

/** Exit codes of sync.md. */
const exitCodes = [0, 3, 5, 11, 23, 24, 25, 30, 33];
const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
const SYNC_LIMIT_MS = 40_000;

async function synchronise(words: readonly string[]): Promise<void> {
  const options = ["-r", "--delete", "--timeout", "2", "--contimeout", "2", "--retries", "0", "--settle", "0"];
  const child = Bun.spawn([process.execPath, program, ...options, ...words], {
    stdout: "pipe",
    stderr: "pipe",
    timeout: SYNC_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const memory = watchMemory(child.pid);
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const peakMegabytes = memory.stop();
  if (!exitCodes.includes(exitCode)) throw new Error(`exit code ${exitCode}: ${stderr.slice(-1000)}`);
  expect(stderr + stdout).not.toMatch(/bug:|\n\s+at |TypeError|RangeError/);
  // What a server says reaches a terminal only as harmless text.
  expect(stderr + stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  expect(peakMegabytes).toBeLessThan(400);
}

test(
  "chirp_synchronize from a liar to this machine writes nothing outside of its target",
  async () => {
    await fuzz("liar as the source", fuzzSeconds(3), async (random) => {
      const directory = mkdtempSync(join(tmpdir(), "chirp-site-fuzz-"));
      try {
        mkdirSync(join(directory, "below/target"), { recursive: true });
        writeFileSync(join(directory, "kept"), "kept");
        writeFileSync(join(directory, "below/kept"), "kept");
        await using liar = await startRandomLiar({ random, files, lies: random.pick([0.05, 0.3, 1]) });
        await synchronise([liar.host, "/", "local", join(directory, "below/target")]);
        expect(readdirSync(directory).sort()).toEqual(["below", "kept"]);
        expect(readdirSync(join(directory, "below")).sort()).toEqual(["kept", "target"]);
        expect(readFileSync(join(directory, "kept"), "utf8")).toBe("kept");
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  },
  fuzzLimitMs(3),
);

test(
  "chirp_synchronize to a liar leaves the source alone and the other target complete",
  async () => {
    await using cluster = await startCluster({ servers: 2 });
    const [source, other] = cluster.servers;
    for (const { name, contents } of files) source.plant(`/site/${name}`, contents, { mtime: 1_600_000_000 });
    let round = 0;
    await fuzz("liar as a target", fuzzSeconds(3), async (random) => {
      const target = `/copy${++round}`;
      await using liar = await startRandomLiar({ random, files, lies: random.pick([0.05, 0.3, 1]) });
      await source.forgetRpcs();
      await synchronise([source.host, "/site", liar.host, "/x", other!.host, target]);
      for (const { name, contents } of files) {
        expect(readFileSync(other!.diskPath(`${target}/${name}`), "utf8")).toBe(contents);
      }
      const asked = Object.keys(await source.countRpcs());
      expect(
        asked.filter(
          (command) =>
            !["whoami", "stat", "lstat", "getlongdir", "getfile", "open", "pread", "fstat", "close"].includes(command),
        ),
      ).toEqual([]);
    });
  },
  fuzzLimitMs(3),
);
