/** Stopping, reloading, and what becomes of a log that nobody reads. */
import { renameSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { run } from "../helpers/run.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { waitUntil } from "../sync/wait.ts";

setDefaultTimeout(60_000);

const size = 100_000_000;
const big = new Uint8Array(size).map((_, index) => (index * 2_654_435_761) >>> 24);
const sha256 = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
const mtime = 1_700_000_000;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) {
    server.plant("/index.html", "hello", { mtime });
    server.plant("/big.bin", big, { mtime });
  }
});

afterAll(() => cluster?.[Symbol.asyncDispose]());

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

/** A download that has begun; `rest` reads the rest. */
async function beginDownload({ port }: WebServer) {
  const response = await fetch(`http://127.0.0.1:${port}/big.bin`);
  const reader = response.body!.getReader();
  const hash = new Bun.CryptoHasher("sha256");
  const take = async () => {
    const { value, done } = await reader.read();
    if (value !== undefined) hash.update(value);
    return done;
  };
  await take();
  const rest = async () => {
    while (!(await take()));
    return hash.digest("hex");
  };
  return { rest, cancel: () => reader.cancel() };
}

describe.each([["bun"], ["node"]])("--front %s", (front) => {
  const start = () => startWebServer(["--servers", cluster.serversFile, "--front", front, "--access-log", "off"]);

  test("SIGTERM lets a download of 100 MB end, takes no new connections, and is not held up by idle ones", async () => {
    await using server = await start();
    const idle = await connected(server.port);
    const half = await connected(server.port);
    half.write("GET / HT");
    const used = await connected(server.port);
    used.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise((resolve) => used.once("data", resolve));
    const download = await beginDownload(server);
    server.kill("SIGTERM");
    await waitUntil("new connections are refused", async () => {
      const socket = connect(server.port, "127.0.0.1");
      const outcome = await new Promise((resolve) => {
        socket.once("connect", () => resolve("connected")).once("error", () => resolve("refused"));
      });
      socket.destroy();
      return outcome === "refused";
    });
    expect(await download.rest()).toBe(sha256(big));
    const endedAt = performance.now();
    expect(await server.exited).toBe(0);
    // Idle connections have minutes left; this leaves room for a busy machine.
    expect(performance.now() - endedAt).toBeLessThan(5_000);
    idle.destroy();
    half.destroy();
    used.destroy();
  });

  test("a second signal ends it at once", async () => {
    await using server = await start();
    const download = await beginDownload(server);
    server.kill("SIGTERM");
    server.kill("SIGINT");
    const code = await server.exited;
    expect(code).toBe(1);
    await download.cancel().catch(() => undefined);
  });

  test("SIGINT without anything in flight: 0", async () => {
    await using server = await start();
    server.kill("SIGINT");
    expect(await server.exited).toBe(0);
  });
});

describe("a new servers.txt", () => {
  /** What both servers were asked, heartbeats and trials left out. */
  const rpcs = async () =>
    (await Promise.all(cluster.servers.map((server) => server.rpcLog())))
      .flat()
      .filter((line) => !/^(?:whoami|stat \/$)/.test(line)).length;

  async function setUp() {
    const file = join(cluster.directory, "changing.txt");
    writeFileSync(file, cluster.hosts.join("\n"));
    const options = ["--servers", file, "--cache-ttl", "600", "--debug-headers"];
    const server = await startWebServer([...options, "--access-log", "off"]);
    await waitUntil("both are well", () => cluster.hosts.every((host) => server.stderr().includes(`${host} is well`)));
    const get = async () => {
      const response = await fetch(`http://127.0.0.1:${server.port}/`);
      expect(await response.text()).toBe("hello");
      return response.headers.get("x-served-by");
    };
    // Both have been asked and are remembered.
    const seen = new Set<string | null>();
    await waitUntil("both have answered", async () => seen.add(await get()).size === 2);
    const saidTimes = (text: string) => server.stderr().split(text).length - 1;
    return { file, server, get, saidTimes };
  }

  test("SIGHUP keeps what is known", async () => {
    const { server, get, saidTimes } = await setUp();
    await using _ = server;
    const before = await rpcs();
    server.kill("SIGHUP");
    await waitUntil("it was read", () => saidTimes("changing.txt: 2 servers") === 1);
    for (let index = 0; index < 20; index++) await get();
    expect(await rpcs()).toBe(before);
  });

  test("a server that is taken out is asked no more, the other is remembered, and it may come back", async () => {
    const { file, server, get, saidTimes } = await setUp();
    await using _ = server;
    const before = await rpcs();
    const [first, second] = cluster.hosts as [string, string];
    // As editors and tools do it: another file takes the name.
    writeFileSync(`${file}.new`, first);
    renameSync(`${file}.new`, file);
    await waitUntil("it was noticed", () => saidTimes("changing.txt: 1 server\n") === 1);
    for (let index = 0; index < 20; index++) expect(await get()).toBe(first);
    expect(await rpcs()).toBe(before);
    writeFileSync(file, `${first}\n${second}\n`);
    await waitUntil("it was noticed", () => saidTimes("changing.txt: 2 servers\n") === 1);
    await waitUntil("the second one answers", async () => (await get()) === second);
  });

  test("a bad list is refused, the old one stays", async () => {
    const { file, server, get } = await setUp();
    await using _ = server;
    writeFileSync(file, "what is this?\n");
    await waitUntil("it was noticed", () => /changing\.txt:1: .*; the old list stays in use/.test(server.stderr()));
    for (let index = 0; index < 10; index++) expect(cluster.hosts).toContain((await get())!);
  });
});

describe("an access log that nobody reads does not stop the site", () => {
  const program = new URL("../../src/http.ts", import.meta.url).pathname;
  const line = "x".repeat(4_000);

  test.each([
    ["a pipe that is full", "sleep 60"],
    ["a pipe that is closed", "exec 0<&-; sleep 60"],
  ])("%s", async (_, reader) => {
    // The shell's pipe: Bun would read its own.
    const script = `exec "$0" "$1" --servers "$2" --port 0 --access-log combined 2>&3 | (${reader})`;
    const command = ["sh", "-c", `exec 3>&2; ${script}`, process.execPath, program, cluster.serversFile];
    const child = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "pipe", detached: true });
    try {
      let said = "";
      void child.stderr.pipeTo(
        new WritableStream({ write: (chunk) => void (said += new TextDecoder().decode(chunk)) }),
      );
      await waitUntil("it listens", () => /listening on \S+:\d+/.test(said));
      const port = /listening on \S+:(\d+)/.exec(said)![1]!;
      // Far more than the 64 KiB that a pipe holds.
      for (let index = 0; index < 100; index++) {
        const response = await fetch(`http://127.0.0.1:${port}/?${line}`, { signal: AbortSignal.timeout(5_000) });
        expect(response.status).toBe(200);
      }
      expect((await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5_000) })).status).toBe(200);
    } finally {
      // The shell, the reader and the web server are a group of their own.
      process.kill(-child.pid, "SIGKILL");
      await child.exited;
    }
  });
});

test("an access log that is read slowly loses nothing, also where standard error goes the same way", async () => {
  const source = (path: string) => new URL(`../../src/${path}`, import.meta.url).pathname;
  const program = `
    import { openTextOutput } from "${source("cli/text_output.ts")}";
    import { writeStdout } from "${source("web/operations/write_stdout.ts")}";
    openTextOutput(Bun.stderr).write("listening\\n");
    for (let part = 0; part < 20; part++) await writeStdout("line\\n".repeat(10_000));`;
  const { stdout } = await run(["sh", "-c", '"$0" -e "$1" 2>&1 | (sleep 0.5; cat)', process.execPath, program]);
  expect(stdout === `listening\n${"line\n".repeat(200_000)}`).toBe(true);
});
