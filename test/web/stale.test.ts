/** `--serve-stale`: with every server down, what is in memory is answered, and says how old it is. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { startTripwire } from "../helpers/tripwire_proxy.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { waitUntil } from "../sync/wait.ts";

setDefaultTimeout(60_000);

const mtime = 1_700_000_000;
const text = "body { color: red }\n".repeat(500);
const timeoutSeconds = 4;

let cluster: Cluster;
let plain: WebServer;
let stale: WebServer;
let brief: WebServer;

beforeAll(async () => {
  cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) {
    server.plant("/index.html", "<h1>home</h1>", { mtime });
    server.plant("/style.css", text, { mtime });
    server.plant("/kept.css", text, { mtime });
    server.plant("/never.txt", "never asked for", { mtime });
    server.plant("/sorry.html", "<h1>sorry</h1>", { mtime });
  }
  const options = [
    "--servers",
    cluster.serversFile,
    "--timeout",
    String(timeoutSeconds),
    "--access-log",
    "json",
    "--cache-ttl",
    "50ms",
  ];
  const pages = ["--error-page", "503=/sorry.html", "--cache-control", "kept.css=max-age=600", "--debug-headers"];
  [plain, stale, brief] = await Promise.all([
    startWebServer(options),
    startWebServer([...options, ...pages, "--serve-stale", "1h", "--compress"]),
    startWebServer([...options, "--serve-stale", "2"]),
  ]);
  for (const server of [plain, stale, brief]) {
    await waitUntil("its servers are well", () =>
      cluster.hosts.every((host) => server.stderr().includes(`${host} is well`)),
    );
    for (const path of ["/", "/style.css", "/kept.css"]) expect((await get(server, path)).status).toBe(200);
  }
  await get(stale, "/style.css", { "Accept-Encoding": "br" });
  await Promise.all(cluster.servers.map((server) => server.kill()));
  for (const server of [plain, stale, brief]) {
    await waitUntil("none is well", () =>
      cluster.hosts.every((host) => server.stderr().includes(`${host} is not used`)),
    );
  }
});

afterAll(async () => {
  await Promise.all([plain, stale, brief].map((server) => server?.[Symbol.asyncDispose]()));
  await cluster?.[Symbol.asyncDispose]();
});

async function get({ port }: WebServer, path: string, headers: Record<string, string> = {}, method = "GET") {
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { "Accept-Encoding": "identity", ...headers },
    decompress: false,
    signal: AbortSignal.timeout((timeoutSeconds + 4) * 1000),
  });
  const bytes = await response.bytes();
  return {
    status: response.status,
    header: (name: string) => response.headers.get(name),
    body: new TextDecoder().decode(bytes),
    bytes,
    ms: performance.now() - startedAt,
  };
}

describe("without it", () => {
  test("503 with Retry-After, no later than --timeout", async () => {
    const answer = await get(plain, "/style.css");
    expect(answer.status).toBe(503);
    expect(answer.header("retry-after")).toMatch(/^\d+$/);
    expect(answer.header("cache-control")).toBe("no-store");
    // A second for the machine's sake.
    expect(answer.ms).toBeLessThan(timeoutSeconds * 1000 + 1_000);
  });
});

describe("with it", () => {
  test("the answer is whole, says how old it is, and is not to be kept by guessing", async () => {
    const answer = await get(stale, "/style.css");
    expect(answer.status).toBe(200);
    expect(answer.body).toBe(text);
    expect(answer.header("content-length")).toBe(String(text.length));
    expect(answer.header("etag")).toMatch(/^"\S+"$/);
    expect(Number(answer.header("age"))).toBeGreaterThanOrEqual(0);
    expect(answer.header("cache-control")).toBe("no-cache");
    expect(answer.header("warning")).toBeNull();
    expect(cluster.hosts).toContain(answer.header("x-served-by")!);
    // Well below --timeout: nobody is waited for who is known to be gone.
    expect(answer.ms).toBeLessThan(2_500);
  });

  test("a Cache-Control of the site's own stands, beside the Age", async () => {
    const answer = await get(stale, "/kept.css");
    expect([answer.status, answer.header("cache-control")]).toEqual([200, "max-age=600"]);
    expect(answer.header("age")).toMatch(/^\d+$/);
  });

  test("Age grows", async () => {
    const first = Number((await get(stale, "/")).header("age"));
    await waitUntil("it is older", async () => Number((await get(stale, "/")).header("age")) > first);
  });

  test("HEAD, ranges, 304 and compressed copies as always", async () => {
    const head = await get(stale, "/style.css", {}, "HEAD");
    expect([head.status, head.header("content-length"), head.body]).toEqual([200, String(text.length), ""]);
    const range = await get(stale, "/style.css", { Range: "bytes=0-3" });
    expect([range.status, range.body, range.header("content-range")]).toEqual([
      206,
      "body",
      `bytes 0-3/${text.length}`,
    ]);
    const etag = head.header("etag")!;
    const unchanged = await get(stale, "/style.css", { "If-None-Match": etag });
    expect([unchanged.status, unchanged.header("etag"), unchanged.body]).toEqual([304, etag, ""]);
    const small = await get(stale, "/style.css", { "Accept-Encoding": "br" });
    expect([small.status, small.header("content-encoding")]).toEqual([200, "br"]);
    expect(small.header("etag")).not.toBe(etag);
  });

  test("what was never read is 503, with the site's own page", async () => {
    const answer = await get(stale, "/never.txt");
    expect([answer.status, answer.body]).toEqual([503, "<h1>sorry</h1>"]);
    expect(answer.header("retry-after")).toMatch(/^\d+$/);
    expect(answer.header("cache-control")).toBe("no-store");
    expect(answer.header("content-type")).toBe("text/html; charset=utf-8");
  });

  test("it is in the log", async () => {
    await get(stale, "/?logged");
    await waitUntil("the line is there", () => stale.stdout().includes("/?logged"));
    const line = stale
      .stdout()
      .split("\n")
      .find((one) => one.includes("/?logged"))!;
    expect(JSON.parse(line)).toMatchObject({ status: 200, cache: "stale" });
  });

  test("the time is limited", async () => {
    await waitUntil("too old", async () => (await get(brief, "/")).status === 503);
  });
});

test("a server that comes back is asked again", async () => {
  cluster.servers[0].plant("/style.css", "new", { mtime: mtime + 5 });
  await cluster.servers[0].restart();
  await waitUntil("the new contents are served", async () => {
    const answer = await get(stale, "/style.css");
    return answer.body === "new" && answer.header("age") === null;
  });
});

test("servers that hang are not waited for as long as --timeout either, nor by whoever comes while they still count as well", async () => {
  const news = () => stale.stderr().split("\n").at(-2) ?? "";
  await waitUntil("well again", () => news().includes("is well"));
  await waitUntil("and read", async () => (await get(stale, "/style.css")).header("age") === null);
  cluster.servers[0].stop();
  try {
    await waitUntil("old contents", async () => {
      const answer = await get(stale, "/style.css");
      expect(answer.status).toBe(200);
      expect(answer.ms).toBeLessThan(3_000);
      return answer.header("age") !== null;
    });
  } finally {
    cluster.servers[0].resume();
  }
});

test("what is answered from memory all the time is known to be true as long as its listing is renewed", async () => {
  const ttlMs = 100;
  await using one = await startCluster({ servers: 1 });
  const [server] = one.servers;
  server.plant("/first.txt", "first", { mtime });
  server.plant("/second.txt", "second", { mtime });
  const options = ["--cache-ttl", `${ttlMs}ms`, "--serve-stale", "1s", "--access-log", "off"];
  await using web = await startWebServer(["--servers", one.serversFile, ...options]);
  await waitUntil("its server is well", () => web.stderr().includes(`${server.host} is well`));
  const begunAt = performance.now();
  // For as long as the files are young their contents are read again; then for longer than --serve-stale.
  while (performance.now() - begunAt < 4_500) {
    // The first has the directory listed again, the second finds the listing.
    for (const path of ["/first.txt", "/second.txt"]) expect((await get(web, path)).status).toBe(200);
    await Bun.sleep(ttlMs + 10);
  }
  await server.kill();
  await waitUntil("it is known to be gone", () => web.stderr().includes(`${server.host} is not used`));
  const answer = await get(web, "/second.txt");
  expect([answer.status, answer.body]).toEqual([200, "second"]);
});

test("a server that is well may take longer than a moment for what has changed: nobody gets what is old", async () => {
  await using one = await startCluster({ servers: 1 });
  const [server] = one.servers;
  server.plant("/slow.txt", "version 0", { mtime });
  await using wire = await startTripwire(server.port);
  const host = `127.0.0.1:${wire.port}`;
  const serversFile = join(one.directory, "wired.txt");
  writeFileSync(serversFile, `${host}\n`);
  const options = ["--cache-ttl", "50ms", "--serve-stale", "1h", "--access-log", "off"];
  await using web = await startWebServer(["--servers", serversFile, ...options]);
  await waitUntil("its server is well", () => web.stderr().includes(`${host} is well`));
  expect((await get(web, "/slow.txt")).body).toBe("version 0");
  // A timer that ends some part of a millisecond too early does so two times out of three.
  for (let version = 1; version <= 3; version++) {
    server.plant("/slow.txt", `version ${version}`, { mtime: mtime + version });
    await Bun.sleep(100);
    const isSlow = wire.arm({ on: "command", names: ["getfile"], nth: 1 }, () => Bun.sleep(1_300));
    const answer = await get(web, "/slow.txt");
    await isSlow;
    expect([answer.body, answer.header("age")]).toEqual([`version ${version}`, null]);
  }
  expect(web.stderr().trimEnd().split("\n").at(-1)).toContain(`${host} is well`);
});
