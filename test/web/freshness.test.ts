/** What the cache may not hide, and what it must save: counted in RPCs, which no busy machine can blur. */
import { statSync, utimesSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startCluster, type Cluster, type TestServer } from "../helpers/cluster.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { waitUntil } from "../sync/wait.ts";

setDefaultTimeout(60_000);

const mtime = 1_700_000_000;
const isHeavy = process.env["CHIRP_SITE_HEAVY"] === "1";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ servers: 2 });
  for (const [index, server] of cluster.servers.entries()) {
    server.plant("/index.html", "home", { mtime });
    server.plant("/differs.txt", `server ${index}`, { mtime });
    for (const directory of ["/copies", "/unlisted"]) {
      server.plant(`${directory}/app.js`, "plain", { mtime });
      server.plant(`${directory}/app.js.gz`, "gzip", { mtime });
      server.plant(`${directory}/app.js.br`, "older", { mtime: mtime - 1 });
      server.plant(`${directory}/photo.png`, "png", { mtime });
    }
    server.plantDirectory("/unlisted", { acl: ["unix:* r", "hostname:* r", "address:* r"] });
  }
});

afterAll(() => cluster?.[Symbol.asyncDispose]());

async function start(...options: readonly string[]): Promise<WebServer> {
  const web = await startWebServer(["--servers", cluster.serversFile, "--access-log", "off", ...options]);
  await waitUntil("its servers are well", () =>
    cluster.hosts.every((host) => web.stderr().includes(`${host} is well`)),
  );
  return web;
}

const get = async ({ port }: WebServer, path: string) => await fetch(`http://127.0.0.1:${port}${path}`);
const text = async (web: WebServer, path: string) => await (await get(web, path)).text();

const getEncoded = async ({ port }: WebServer, path: string, acceptEncoding: string) =>
  await fetch(`http://127.0.0.1:${port}${path}`, { headers: { "Accept-Encoding": acceptEncoding }, decompress: false });

async function rpcs(): Promise<number> {
  const logs = await Promise.all(cluster.servers.map((server) => server.rpcLog()));
  return logs.flat().filter((line) => !line.startsWith("whoami")).length;
}

test("servers with different contents under one name are both seen within 60 requests, cache on", async () => {
  await using web = await start("--cache-ttl", "600");
  const seen = new Map<string, string | null>();
  for (let index = 0; index < 60; index++) {
    const response = await get(web, "/differs.txt");
    seen.set(await response.text(), response.headers.get("etag"));
  }
  // 2^-59 that one of them is never chosen.
  expect([...seen.keys()].toSorted((a, b) => a.localeCompare(b))).toEqual(["server 0", "server 1"]);
  expect(new Set(seen.values()).size).toBe(2);
});

describe("a file edited twice within one second, same size", () => {
  /** Both edits carry one second: size, mtime, ctime and inode say nothing. */
  async function editTwice(server: TestServer, path: string, first: string, second: string, read: () => Promise<void>) {
    // Not across the end of a second.
    await waitUntil("a second begins", () => Date.now() % 1000 < 200);
    server.plant(path, first);
    await read();
    server.plant(path, second);
    const stat = statSync(server.diskPath(path));
    return Math.floor(stat.ctimeMs / 1000);
  }

  test("the new contents are served within TTL + 3 s", async () => {
    await Promise.all([editedTwice("1"), editedTwice("0.2")]);
  });

  async function editedTwice(ttl: string): Promise<void> {
    await using web = await start("--cache-ttl", ttl);
    const path = `/edited-${ttl}.txt`;
    for (const server of cluster.servers) server.plant(path, "version 0", { mtime });
    await text(web, path);
    const seconds = await Promise.all(
      cluster.servers.map(async (server) => {
        return await editTwice(server, path, "version 1", "version 2", async () => void (await text(web, path)));
      }),
    );
    for (const [index, server] of cluster.servers.entries())
      utimesSync(server.diskPath(path), seconds[index]!, seconds[index]!);
    const editedAt = performance.now();
    let oldAt = 0;
    const limitMs = Number(ttl) * 1000 + 3_000;
    // Until nothing old has been seen for a while, and in any case until the limit.
    while (performance.now() - editedAt < limitMs + 500) {
      const startedAt = performance.now();
      if ((await text(web, path)) !== "version 2") oldAt = startedAt - editedAt;
      await Bun.sleep(10);
    }
    expect(oldAt).toBeLessThan(limitMs);
  }
});

test("two versions of a large file within one second never share a validator", async () => {
  await using web = await start();
  const path = "/large.bin";
  const size = 5_000_000;
  const [first] = cluster.servers;
  const plant = (byte: number, seconds?: number) => {
    const mtime = seconds === undefined ? {} : { mtime: seconds };
    for (const server of cluster.servers) server.plant(path, new Uint8Array(size).fill(byte), mtime);
  };
  const look = async () => {
    const response = await get(web, path);
    const [byte] = new Uint8Array(await response.arrayBuffer());
    return { byte, etag: response.headers.get("etag"), date: response.headers.get("last-modified") };
  };
  plant(1);
  const { mtimeMs } = statSync(first.diskPath(path));
  const before = await look();
  plant(2, Math.floor(mtimeMs / 1000));
  expect(before).toEqual({ byte: 1, etag: null, date: null });
  await waitUntil("it has settled", async () => (await look()).etag !== null, 5_000);
  const after = await look();
  expect(after).toMatchObject({ byte: 2, etag: expect.stringMatching(/^"[0-9a-z]+-[0-9a-z]+"$/) });
  expect(after.date).not.toBeNull();
});

describe("floods of 404s", () => {
  const requests = isHeavy ? 5_000 : 1_000;

  async function flood(web: WebServer, path: (index: number) => string): Promise<number> {
    // Nothing is known of the site yet: what the flood itself has to learn counts.
    const before = await rpcs();
    let next = 0;
    const visitor = async () => {
      while (next < requests) {
        const { status } = await get(web, path(next++));
        if (status !== 404) throw new Error(`${status}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, visitor));
    const cost = (await rpcs()) - before;
    console.log(`${requests} requests, e.g. ${path(7)}: ${cost} RPCs, ${(cost / requests).toFixed(4)} a request`);
    return cost;
  }

  test.each([
    ["one name", () => "/nothing"],
    ["distinct names", (index: number) => `/nothing-${index}`],
    ["distinct names in distinct directories", (index: number) => `/no-${index}/such/thing-${index}.html`],
    ["distinct directories", (index: number) => `/no-such-${index}/`],
  ])("%s: within the TTL, nothing more than the listings", async (_, path) => {
    await using web = await start("--cache-ttl", "60");
    // For each of the eight that ask at once: the directory that is not there, and then the root, on each server.
    expect(await flood(web, path)).toBeLessThanOrEqual(8 * 2 * cluster.servers.length);
  });

  test("with the TTL of 1 s, others are answered in the meantime", async () => {
    await using web = await start();
    let isOver = false;
    let healthy = 0;
    const beside = (async () => {
      while (!isOver) {
        expect(await text(web, "/")).toBe("home");
        healthy++;
      }
    })();
    const startedAt = performance.now();
    const cost = await flood(web, (index) => `/nothing-${index}`);
    isOver = true;
    await beside;
    const seconds = (performance.now() - startedAt) / 1000;
    expect(healthy).toBeGreaterThan(0);
    // A listing of the root and a look at the index, for each server and second.
    expect(cost).toBeLessThanOrEqual((Math.ceil(seconds) + 1) * cluster.servers.length * 3);
  });
});

describe("--cache-ttl 0 and --cache-size 0", () => {
  test("ask on every request", async () => {
    await using web = await start("--cache-ttl", "0", "--cache-size", "0");
    const rpcsOfTen = async (acceptEncoding: string) => {
      const before = await rpcs();
      for (let index = 0; index < 10; index++) {
        expect(await (await getEncoded(web, "/", acceptEncoding)).text()).toBe("home");
      }
      return (await rpcs()) - before;
    };
    // A stat and a getfile each; and a stat for each compressed copy that the client would take.
    expect(await rpcsOfTen("identity")).toBe(20);
    expect(await rpcsOfTen("gzip, br")).toBe(40);
  });

  test("--cache-size 0 reads the contents every time", async () => {
    await using web = await start("--cache-size", "0", "--cache-ttl", "600");
    for (let index = 0; index < 20; index++) await text(web, "/");
    const before = await rpcs();
    for (let index = 0; index < 10; index++) expect(await text(web, "/")).toBe("home");
    expect((await rpcs()) - before).toBe(10);
  });
});

describe("compressed copies beside a file, also where no listing is remembered", () => {
  test.each([
    ["", "/copies", []],
    ["with --cache-ttl 0", "/copies", ["--cache-ttl", "0"]],
    ["in a directory that may not be listed", "/unlisted", []],
  ])("%s", async (_, directory, options) => {
    await using web = await start(...options);
    for (const [acceptEncoding, coding, body] of [
      ["gzip, br, zstd", "gzip", "gzip"],
      ["br", null, "plain"],
      ["identity", null, "plain"],
    ] as const) {
      const response = await getEncoded(web, `${directory}/app.js`, acceptEncoding);
      const { headers } = response;
      expect([headers.get("content-encoding"), await response.text()]).toEqual([coding, body]);
      expect(headers.get("vary")).toBe("Accept-Encoding");
    }
    const photo = await getEncoded(web, `${directory}/photo.png`, "gzip, br");
    expect([photo.headers.get("vary"), await photo.text()]).toEqual([null, "png"]);
  });
});
