/** Libraries in threads: private copies do not disturb each other and leave nothing behind; a bad one is reported. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Reply, Request, Setup } from "../../src/protocol.ts";
import { startCluster } from "../helpers/cluster.ts";
import { startLyingServer, type Script } from "../helpers/lying_server.ts";
import { run } from "../helpers/run.ts";
import { statLine } from "./lies.ts";

setDefaultTimeout(120_000);

const project = join(import.meta.dir, "../..");
const workers = 8;

let scratch: string;
beforeAll(() => void (scratch = mkdtempSync(join(tmpdir(), "chirp-site-test-threads-"))));
afterAll(() => rmSync(scratch, { recursive: true }));

describe("eight workers at once", () => {
  async function callFromAll(host: string, calls: number): Promise<{ wrong: string[]; rpcs: number }> {
    const TMPDIR = mkdtempSync(join(scratch, "tmp-"));
    const command = [process.execPath, join(import.meta.dir, "many_workers.ts"), host, `${workers}`, `${calls}`];
    const { exitCode, stdout, stderr } = await run(command, { limitMs: 120_000, env: { ...process.env, TMPDIR } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(readdirSync(TMPDIR)).toEqual([]);
    return JSON.parse(stdout) as { wrong: string[]; rpcs: number };
  }

  test("3,000 calls each: every answer is the right one; no copy of the library stays behind", async () => {
    // A server that does nothing but answer: a real one takes 2 ms a request, and is not what is tested here. So many that most are started.
    await using server = await startLyingServer(statsByName);
    const { wrong, rpcs } = await callFromAll(server.host, 3_000);
    expect(wrong).toEqual([]);
    expect(rpcs).toBe(workers * 3_000);
    expect(server.connections).toBeGreaterThan(workers / 2);
  });

  test("against a real server", async () => {
    await using cluster = await startCluster({ servers: 1 });
    for (let size = 0; size < 100; size++) cluster.servers[0].plant(`/${size}`, Buffer.alloc(size));
    expect((await callFromAll(cluster.hosts[0]!, 100)).wrong).toEqual([]);
  });
});

/** The size of "/17" is 17. */
const statsByName: Script = (line, client) => client.send(`0\n${statLine({ size: line.slice("stat /".length) })}\n`);

test("a worker that is terminated closes its connection", async () => {
  await using server = await startLyingServer(statsByName);
  const worker = new Worker(join(project, "src/worker.ts"));
  const replies: Reply[] = [];
  const answered = Promise.withResolvers<void>();
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    replies.push(data);
    if (data.kind !== "ready") answered.resolve();
  };
  const closed = new Promise((resolve) => worker.addEventListener("close", resolve, { once: true }));
  const { host } = server;
  const setup: Setup = { kind: "setup", host, server: host, auth: ["address"], tickets: "", connectTimeoutSeconds: 30 };
  worker.postMessage(setup);
  const operation = { kind: "stat", path: "/17" } as const;
  worker.postMessage({ kind: "request", id: 1, operation, timeoutSeconds: 30 } satisfies Request);
  await answered.promise;
  expect(replies).toMatchObject([{ kind: "ready" }, { kind: "done", id: 1, rpcs: 1, result: { size: 17 } }]);
  expect(server.openConnections).toBe(1);
  worker.terminate();
  await closed;
  await server.untilNoneIsOpen();
});

test("an address of IPv6", async () => {
  await using server = await startLyingServer(statsByName, { address: "::1" }).catch(() => null);
  if (server === null) return; // a machine without IPv6
  expect((await run([process.execPath, join(import.meta.dir, "many_workers.ts"), server.host, "1", "1"])).stdout).toBe(
    `${JSON.stringify({ wrong: [], rpcs: 1 })}\n`,
  );
});

describe("a lane whose library is", () => {
  /** The sources beside another native/build, and a program that calls once and tells how it failed. */
  function copyOfSources(name: string): string {
    const directory = join(scratch, name);
    mkdirSync(join(directory, "native/build"), { recursive: true });
    cpSync(join(project, "src"), join(directory, "src"), { recursive: true });
    writeFileSync(
      join(directory, "call.ts"),
      `import { createLane } from "./src/chirp/lane.ts";
       const lane = createLane({ server: "s", host: "127.0.0.1", port: 1, workers: 2, queueLimit: 9, timeoutMs: 9000,
         connectTimeoutSeconds: 1, auth: ["address"], tickets: "" });
       for (let i = 0; i < 3; i++) await lane.call({ kind: "whoami" }).catch((e) => console.log(e.name + ": " + e.message));
       await lane.close();`,
    );
    return directory;
  }

  async function call(directory: string, env: Readonly<Record<string, string>> = {}): Promise<string[]> {
    const { exitCode, stdout, stderr } = await run([process.execPath, "call.ts"], {
      cwd: directory,
      env: { ...process.env, ...env },
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const messages = stdout.trimEnd().split("\n");
    expect(messages.length).toBe(3);
    return messages;
  }

  const library = "native/build/libchirp_shim.so";

  test("missing", async () => {
    const directory = copyOfSources("missing");
    for (const message of await call(directory)) {
      expect(message).toBe(
        `LibraryError: The native library ${directory}/${library} is missing: build it with "npm run setup"`,
      );
    }
  });

  test("no library", async () => {
    const directory = copyOfSources("garbage");
    writeFileSync(join(directory, library), "no library\n");
    for (const message of await call(directory)) {
      expect(message).toStartWith(`LibraryError: The native library ${directory}/${library} cannot be loaded`);
      expect(message).toContain('Build it anew with "npm run setup"');
    }
  });

  /** A library with all functions, of version 1. */
  async function buildOther(directory: string, file: string): Promise<void> {
    const header = readFileSync(join(project, "native/chirp_shim.h"), "utf8");
    const names = [...header.matchAll(/\b(cs_\w+)\(/g)].map(([, name]) => name);
    const source = join(directory, "other.c");
    writeFileSync(source, [...new Set(names)].map((name) => `long ${name}(void) { return 1; }\n`).join(""));
    expect((await run(["cc", "-shared", "-fPIC", "-o", join(directory, file), source])).exitCode).toBe(0);
  }

  test("out of date", async () => {
    const directory = copyOfSources("old");
    await buildOther(directory, library);
    for (const message of await call(directory)) {
      expect(message).toBe(
        `LibraryError: The native library ${directory}/${library} is out of date: build it anew with "npm run setup"`,
      );
    }
  });

  test("replaced by another one since the program was started", async () => {
    const directory = copyOfSources("replaced");
    cpSync(join(project, library), join(directory, library));
    await buildOther(directory, "other.so");
    writeFileSync(
      join(directory, "call.ts"),
      `import { renameSync } from "node:fs";
       import { loadPrivateCopy } from "./src/chirp/library.ts";
       loadPrivateCopy();
       renameSync("other.so", "${library}");
       for (let i = 0; i < 3; i++) try { loadPrivateCopy(); } catch (e) { console.log(e.name + ": " + e.message); }`,
    );
    for (const message of await call(directory)) {
      expect(message).toBe(
        `LibraryError: The native library ${directory}/${library} was replaced by one of another version: start this program anew`,
      );
    }
  });

  test("good needs no directory for its copies", async () => {
    const directory = copyOfSources("nowhere");
    cpSync(join(project, library), join(directory, library));
    for (const message of await call(directory, { TMPDIR: "/no/such/directory" })) {
      expect(message).toStartWith("ChirpError: Cannot whoami on s: connection refused (ECONNREFUSED)");
    }
  });
});
