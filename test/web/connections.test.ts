/** Connections have limits, however slowly their requests come: what the guard ends, and what it must leave alone. */
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { waitUntil } from "../sync/wait.ts";

setDefaultTimeout(120_000);

/** Sent in chunks; a smaller one is in memory before its first byte is sent. */
const largeBytes = 80_000_000;
const mediumBytes = 40_000_000;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) {
    server.plant("/index.html", "home", { mtime: 1_700_000_000 });
    server.plant("/large.bin", new Uint8Array(largeBytes), { mtime: 1_700_000_000 });
    server.plant("/medium.bin", new Uint8Array(mediumBytes), { mtime: 1_700_000_000 });
  }
});

afterAll(() => cluster?.[Symbol.asyncDispose]());

const start = (...options: readonly string[]): Promise<WebServer> =>
  startWebServer(["--servers", cluster.serversFile, "--access-log", "off", "--admin", "127.0.0.1:0", ...options]);

interface Client {
  readonly socket: Socket;
  /** What has come so far. */
  received(): number;
  isClosed(): boolean;
}

async function open(web: WebServer, localAddress = "127.0.0.1"): Promise<Client> {
  const socket = connect({ port: web.port, host: "127.0.0.1", localAddress });
  let bytes = 0;
  let isClosed = false;
  socket.on("data", (chunk: Buffer) => void (bytes += chunk.length));
  socket.on("close", () => (isClosed = true)).on("error", () => undefined);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return { socket, received: () => bytes, isClosed: () => isClosed };
}

/** A connection over which a request has been answered. */
async function used(web: WebServer, localAddress?: string): Promise<Client> {
  const client = await open(web, localAddress);
  client.socket.write(get("/"));
  await waitUntil("the answer", () => client.received() > 0);
  return client;
}

async function counters({ adminPort }: WebServer) {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^${RegExp.escape(name)} (\\d+)$`, "m").exec(text)?.[1]);
  const cut = (reason: string) => value(`chirp_site_connections_cut_total{reason="${reason}"}`);
  return {
    open: value("chirp_site_connections"),
    slow: cut("slow_request"),
    limit: cut("limit"),
    clientLimit: cut("client_limit"),
  };
}

/** Clients of each kind, all of connections that have been used before. */
async function everyKind(web: WebServer) {
  const kinds = ["header", "silent", "body", "chunked", "idle", "reader", "waiting"] as const;
  const clients = await Promise.all(kinds.map(async (kind) => [kind, await used(web)] as const));
  return Object.fromEntries(clients) as Record<(typeof kinds)[number], Client>;
}

test("a request that does not become whole is ended, on a used connection too; whoever rests, waits or reads slowly is left alone", async () => {
  const options = ["--cache-size", "0", "--timeout", "17"];
  await using bun = await start(...options);
  await using node = await start(...options, "--front", "node");
  const all = [await everyKind(bun), await everyKind(node)];
  // --front node streams it from the servers, which are stopped here: that download would break off by itself.
  const [{ reader }] = all as [Awaited<ReturnType<typeof everyKind>>];
  reader.socket.write(get("/medium.bin"));
  await waitUntil("the download has begun", () => reader.received() > 5_000_000);
  reader.socket.pause();
  const host = "Host: localhost\r\n";
  for (const { header, silent, body, chunked } of all) {
    header.socket.write(`GET / HTTP/1.1\r\n${host}`);
    silent.socket.write("GET / HTTP/1.1\r\nHo");
    body.socket.write(`POST / HTTP/1.1\r\n${host}Content-Length: 60000\r\n\r\n`);
    chunked.socket.write(`GET / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`);
  }
  const drip = setInterval(() => {
    for (const { header, body, chunked } of all) {
      if (!header.isClosed()) header.socket.write("X: y\r\n");
      if (!body.isClosed()) body.socket.write("x");
      if (!chunked.isClosed()) chunked.socket.write("1\r\nx\r\n");
    }
  }, 300);
  for (const server of cluster.servers) server.stop();
  try {
    const startedAt = performance.now();
    const before = all.map(({ waiting }) => waiting.received());
    for (const { waiting } of all) waiting.socket.write(get("/"));
    const slow = all.flatMap(({ header, silent, body, chunked }) => [header, silent, body, chunked]);
    await waitUntil("the headers were ended", () => all.every(({ header }) => header.isClosed()), 40_000);
    expect(performance.now() - startedAt).toBeGreaterThan(9_000);
    await waitUntil("all that are slow were ended", () => slow.every((client) => client.isClosed()), 40_000);
    const isAnswered = () => all.every(({ waiting }, index) => waiting.received() > before[index]!);
    await waitUntil("503 at the deadline", isAnswered, 40_000);
    const others = all.flatMap(({ idle, reader, waiting }) => [idle, reader, waiting]);
    expect(others.map((client) => client.isClosed())).toEqual(others.map(() => false));
    for (const web of [bun, node]) expect((await counters(web)).slow).toBeGreaterThanOrEqual(2);
  } finally {
    clearInterval(drip);
    for (const server of cluster.servers) server.resume();
  }
  reader.socket.resume();
  await waitUntil("the download is whole", () => reader.received() >= mediumBytes, 60_000);
  for (const { idle, reader, waiting } of all) {
    const before = idle.received();
    idle.socket.write(get("/"));
    await waitUntil("the idle one is served", () => idle.received() > before);
    for (const { socket } of [idle, reader, waiting]) socket.destroy();
  }
});

describe.each([["bun"], ["node"]])("--front %s", (front) => {
  test("--max-connections: idle ones make room, a download goes on", async () => {
    await using web = await start("--front", front, "--max-connections", "20");
    const reader = await open(web);
    reader.socket.write(get("/large.bin"));
    await waitUntil("the download has begun", () => reader.received() > 1_000_000);
    reader.socket.pause();
    const clients: Client[] = [];
    for (let count = 0; count < 40; count++) clients.push(await used(web));
    await waitUntil("the idle ones were ended", () => clients.filter((client) => client.isClosed()).length >= 21);
    const left = clients.filter((client) => !client.isClosed());
    expect(left).toHaveLength(19);
    await waitUntil("and counted", async () => (await counters(web)).limit === 21);
    const late = await used(web);
    reader.socket.resume();
    await waitUntil("the download is whole", () => reader.received() >= largeBytes, 60_000);
    for (const { socket } of [...clients, late, reader]) socket.destroy();
    await waitUntil("none is left", async () => (await counters(web)).open === 0);
  });

  test("--max-connections: a download whose servers are silent for a while is not idle", async () => {
    await using web = await start("--front", front, "--max-connections", "6", "--cache-ttl", "60");
    const first = await used(web);
    const readers = await Promise.all([1, 2, 3].map(async () => await open(web)));
    for (const { socket } of readers) socket.write(get("/large.bin"));
    await waitUntil("the downloads have begun", () => readers.every((reader) => reader.received() > 1_000_000));
    for (const server of cluster.servers) server.stop();
    // From memory: what is asked of the servers now would wait.
    const clients = [first];
    try {
      for (let count = 0; count < 7; count++) clients.push(await used(web));
      await waitUntil("five had to go", async () => (await counters(web)).limit >= 5);
    } finally {
      for (const server of cluster.servers) server.resume();
    }
    await waitUntil("they are ended", () => [...clients, ...readers].filter((one) => one.isClosed()).length >= 5);
    expect(readers.map((reader) => reader.isClosed())).toEqual([false, false, false]);
    for (const { socket } of [...clients, ...readers]) socket.destroy();
    await waitUntil("none is left", async () => (await counters(web)).open === 0);
  });

  test("--max-connections-per-client: the others, and our proxies, keep theirs", async () => {
    const limit = ["--max-connections-per-client", "3", "--trusted-proxy", "127.0.0.3"];
    await using web = await start("--front", front, ...limit);
    const of = async (address: string, count: number) =>
      await Promise.all(Array.from({ length: count }, async () => await used(web, address)));
    const one = await of("127.0.0.1", 3);
    const greedy = await of("127.0.0.2", 10);
    const proxy = await of("127.0.0.3", 10);
    await waitUntil("it has been looked", async () => (await counters(web)).clientLimit === 7);
    await waitUntil("they are ended", () => greedy.filter((client) => client.isClosed()).length === 7);
    expect([...one, ...proxy].filter((client) => client.isClosed())).toEqual([]);
    for (const { socket } of [...one, ...greedy, ...proxy]) socket.destroy();
  });
});
