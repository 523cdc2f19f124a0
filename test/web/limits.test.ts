/** What clients can do to the web server's memory and connections: bounded, whatever they do. */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { exchange } from "../helpers/raw_http.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { waitUntil } from "../sync/wait.ts";

setDefaultTimeout(300_000);

const isHeavy = process.env["CHIRP_SITE_HEAVY"] === "1";
const MB = 1_000_000;
const mtime = 1_700_000_000;
const fileBytes = isHeavy ? 300 * MB : 80 * MB;
const slowReaders = isHeavy ? 200 : 60;
const idleConnections = isHeavy ? 2_000 : 500;
const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

let cluster: Cluster;
/** Begun at the start, since it takes its time; looked at at the end. */
let dripping: Promise<readonly number[]>;

beforeAll(async () => {
  cluster = await startCluster({ servers: 2 });
  const large = new Uint8Array(fileBytes).fill(97);
  for (const server of cluster.servers) {
    server.plant("/index.html", "home", { mtime });
    server.plant("/large.bin", large, { mtime });
  }
  dripping = Promise.all([secondsOfDripping("bun"), secondsOfDripping("node")]);
  // Whoever waits for it hears of its failure.
  dripping.catch(() => undefined);
});

afterAll(async () => {
  // Also when a pattern of names has left out the test that waits for them: their web servers would stay behind.
  await dripping?.catch(() => undefined);
  await cluster?.[Symbol.asyncDispose]();
});

function start(...options: readonly string[]): Promise<WebServer> {
  return startWebServer([
    "--servers",
    cluster.serversFile,
    "--access-log",
    "off",
    "--admin",
    "127.0.0.1:0",
    ...options,
  ]);
}

/** Resident memory in MB. */
function residentMB({ pid }: WebServer): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}

async function connections(web: WebServer, count: number, onOpen: (socket: Socket) => void): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index++) {
    const socket = connect({ port: web.port, host: "127.0.0.1" }).on("error", () => undefined);
    await new Promise((resolve) => socket.once("connect", resolve).once("error", resolve));
    onOpen(socket);
    sockets.push(socket);
  }
  return sockets;
}

async function isAnswered(web: WebServer): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${web.port}/`, { signal: AbortSignal.timeout(10_000) });
  return (await response.text()) === "home";
}

async function metric({ adminPort }: WebServer, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
}

describe.each([["bun"], ["node"]])("--front %s", (front) => {
  test("idle connections are harmless", async () => {
    await using web = await start("--front", front);
    expect(await isAnswered(web)).toBe(true);
    const before = residentMB(web);
    const sockets = await connections(web, idleConnections, (socket) => void socket.resume());
    expect(await isAnswered(web)).toBe(true);
    const grown = residentMB(web) - before;
    console.log(`${front}: ${idleConnections} idle connections: ${grown.toFixed(1)} MB`);
    // 50 KB each would be far too much; measured are some KB.
    expect(grown).toBeLessThan(20 + idleConnections * 0.05);
    for (const socket of sockets) socket.destroy();
    expect(await isAnswered(web)).toBe(true);
  });

  test("slow readers of a large file take a bounded part of memory, and hold up nobody", async () => {
    await using web = await start("--front", front);
    expect(await isAnswered(web)).toBe(true);
    const before = residentMB(web);
    const sockets = await connections(web, slowReaders, (socket) => {
      let taken = 0;
      socket.on("data", (chunk) => {
        taken += chunk.length;
        // Far enough for chunks to have grown; nobody reads further.
        if (taken > 5 * MB) socket.pause();
      });
      socket.write(request("/large.bin"));
    });
    await waitUntil("all have read 5 MB", () => sockets.every((socket) => socket.isPaused()), 120_000);
    await waitUntil(
      "all are being sent",
      async () => (await metric(web, "chirp_site_unfinished_requests")) >= slowReaders,
      120_000,
    );
    let most = 0;
    for (let look = 0; look < 10; look++) {
      expect(await isAnswered(web)).toBe(true);
      most = Math.max(most, residentMB(web) - before);
      await Bun.sleep(200);
    }
    console.log(`${front}: ${slowReaders} slow readers of ${fileBytes / MB} MB: ${most.toFixed(0)} MB`);
    // 256 MiB of bodies collected for Content-Length, 256 MiB of chunks, and what the allocator keeps of them.
    expect(most).toBeLessThan(256 + 256 + 300);
    for (const socket of sockets) socket.destroy();
    await waitUntil("all are gone", async () => (await metric(web, "chirp_site_open_streams")) === 0, 60_000);
    expect(await isAnswered(web)).toBe(true);
  });

  test("20 KB of header are refused", async () => {
    await using web = await start("--front", front);
    const long = `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`;
    const { responses } = await exchange(long, { port: web.port });
    expect(responses[0]?.status).toBe(431);
    expect(await isAnswered(web)).toBe(true);
  });
});

test.each([["after the first request"], ["before it"]])(
  "out of file descriptors %s: later it serves as if nothing had been",
  async (when) => {
    const program = new URL("../../src/http.ts", import.meta.url).pathname;
    const limited = ["sh", "-c", 'ulimit -n 200; exec "$@"', "sh", process.execPath, program];
    const child = Bun.spawn([...limited, "--servers", cluster.serversFile, "--port", "0", "--access-log", "off"], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    let said = "";
    void child.stderr.pipeTo(new WritableStream({ write: (chunk) => void (said += new TextDecoder().decode(chunk)) }));
    try {
      await waitUntil("it listens and is well", () => /listening on \S+:\d+/.test(said) && said.includes("is well"));
      const web = { port: Number(/listening on \S+:(\d+)/.exec(said)![1]) } as WebServer;
      if (when === "after the first request") await waitUntil("it serves", async () => await isAnswered(web));
      const sockets = await connections(web, 300, () => undefined);
      // What is opened or loaded with a first request is wanted now that there is no descriptor for it.
      for (const socket of sockets) socket.resume().write(request("/index.html"));
      await Bun.sleep(500);
      for (const socket of sockets) socket.destroy();
      await waitUntil("it serves again", async () => await isAnswered(web).catch(() => false), 30_000);
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill("SIGKILL");
      await child.exited;
    }
  },
);

/** How long a connection lives whose header comes drop by drop. */
async function secondsOfDripping(front: string): Promise<number> {
  await using web = await start("--front", front);
  const socket = connect(web.port, "127.0.0.1").on("error", () => undefined);
  const startedAt = performance.now();
  const closed = new Promise<number>((resolve) => socket.once("close", () => resolve(performance.now() - startedAt)));
  socket.resume().write("GET / HTTP/1.1\r\nHost: localhost\r\n");
  const drip = setInterval(() => socket.write("X: y\r\n"), 300);
  const ms = await closed;
  clearInterval(drip);
  return ms / 1000;
}

test("a header that drips is cut off", async () => {
  for (const seconds of await dripping) {
    // Bun counts in steps of 4 s.
    expect(seconds).toBeGreaterThan(5);
    expect(seconds).toBeLessThan(25);
  }
});
