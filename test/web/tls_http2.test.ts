/** HTTPS and HTTP/2, with curl as the client: what is true of HTTP/1.1 is true of them. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import http2 from "node:http2";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { run } from "../helpers/run.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { waitUntil } from "../sync/wait.ts";
import { hasOpenssl, makeCertificate } from "./certificate.ts";

setDefaultTimeout(60_000);

const mtime = 1_700_000_000;
const big = new Uint8Array(20_000_000).map((_, index) => (index * 2_654_435_761) >>> 23);
const curlVersion = Bun.which("curl") === null ? "" : (await run(["curl", "--version"])).stdout;
const hasCurl = curlVersion !== "";
const hasCurlHttp2 = /\bHTTP2\b/.test(curlVersion);
if (!hasCurlHttp2 || !hasOpenssl) {
  console.log("skipped: HTTPS and HTTP/2 are tested with openssl and a curl that has HTTP/2 (Debian: openssl, curl)");
}

let cluster: Cluster;
let tls: readonly string[];
let cert: string;

beforeAll(async () => {
  cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) {
    server.plant("/index.html", "<h1>home</h1>", { mtime });
    server.plant("/file.txt", "0123456789".repeat(100), { mtime });
    server.plant("/dir/index.html", "dir", { mtime });
    server.plant("/big.bin", big, { mtime });
  }
  if (!hasOpenssl) return;
  const files = await makeCertificate(cluster.directory, "web");
  cert = files.cert;
  tls = ["--tls-cert", files.cert, "--tls-key", files.key];
});

afterAll(() => cluster?.[Symbol.asyncDispose]());

const start = (...options: readonly string[]) =>
  startWebServer(["--servers", cluster.serversFile, "--access-log", "json", ...options]);

/** Status, headers in lower case, and the body as latin1. */
async function curl(url: string, ...options: readonly string[]) {
  const command = ["curl", "-s", "-S", "-i", "--raw", "-m", "20", ...options, url];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const [bytes, stderr, exitCode] = await Promise.all([child.stdout.bytes(), child.stderr.text(), child.exited]);
  const text = Buffer.from(bytes).toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.replace(/^[^:]*: */, "")]),
  );
  const [, version, status] = /^HTTP\/(\S+) (\d+)/.exec(statusLine) ?? [];
  return { exitCode, stderr, version, status: Number(status), headers, body: Buffer.from(bytes.subarray(end + 4)) };
}

describe.skipIf(!hasCurl || !hasOpenssl)("HTTPS", () => {
  test.each([["bun"], ["node"]])("--front %s", async (front) => {
    await using web = await start(...tls, "--front", front);
    expect(web.stderr()).toMatch(/^listening on https:\/\/127\.0\.0\.1:\d+$/m);
    const url = `https://127.0.0.1:${web.port}`;
    const answer = await curl(`${url}/file.txt`, "--cacert", cert, "--http1.1");
    expect([answer.stderr, answer.status, answer.body.length]).toEqual(["", 200, 1000]);
    const whole = await curl(`${url}/big.bin`, "--cacert", cert, "--http1.1", "--no-raw");
    expect(Buffer.compare(whole.body, big)).toBe(0);
    // Nothing is said in the clear.
    const clear = await run(["curl", "-s", "-m", "5", `http://127.0.0.1:${web.port}/`]);
    expect([clear.exitCode !== 0, clear.stdout]).toEqual([true, ""]);
    // Old versions are not spoken.
    const old = await curl(`${url}/`, "--cacert", cert, "--tls-max", "1.1");
    expect(old.exitCode).not.toBe(0);
  });
});

function sorted(headers: ReadonlyMap<string, string>): string[] {
  return [...headers].map(([name, value]) => `${name}: ${value}`).toSorted((a, b) => a.localeCompare(b));
}

async function metric({ adminPort }: WebServer, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
}

describe.skipIf(!hasCurlHttp2 || !hasOpenssl)("HTTP/2", () => {
  let web: WebServer;
  let url: string;
  let trust: readonly string[];

  beforeAll(async () => {
    trust = ["--cacert", cert];
    web = await start("--http2", ...tls);
    url = `https://127.0.0.1:${web.port}`;
  });

  afterAll(() => web?.[Symbol.asyncDispose]());

  const get = (path: string, ...options: readonly string[]) => curl(`${url}${path}`, ...trust, "--http2", ...options);

  test("statuses, headers and lengths are those of HTTP/1.1", async () => {
    const etag = (await get("/file.txt")).headers.get("etag")!;
    const cases: readonly (readonly [path: string, status: number, ...options: string[]])[] = [
      ["/file.txt", 200],
      ["/file.txt", 304, "-H", `If-None-Match: ${etag}`],
      ["/file.txt", 206, "-H", "Range: bytes=5-9"],
      ["/file.txt", 416, "-H", "Range: bytes=5000-"],
      ["/file.txt", 412, "-H", 'If-Match: "x"'],
      ["/file.txt", 200, "--head"],
      ["/big.bin", 200, "--head"],
      ["/dir", 301],
      ["/nothing", 404],
      ["/file.txt", 405, "-X", "DELETE"],
      ["/file.txt", 405, "-d", "body"],
      ["/", 204, "-X", "OPTIONS"],
      ["/../x", 400, "--path-as-is"],
    ];
    for (const [path, status, ...options] of cases) {
      const two = await get(path, ...options);
      const one = await curl(`${url}${path}`, ...trust, "--http1.1", ...options);
      expect([path, options, two.version, two.status]).toEqual([path, options, "2", status]);
      expect([one.version, one.status]).toEqual(["1.1", status]);
      for (const headers of [one.headers, two.headers]) {
        for (const name of ["date", "connection", "x-served-by"]) headers.delete(name);
      }
      expect([path, options, sorted(two.headers)]).toEqual([path, options, sorted(one.headers)]);
      expect(two.body.equals(one.body)).toBe(true);
    }
  });

  test("several ranges", async () => {
    const answer = await get("/file.txt", "-H", "Range: bytes=0-4,100-104");
    expect([answer.status, answer.headers.get("content-length")]).toEqual([206, String(answer.body.length)]);
    expect(answer.headers.get("content-type")).toMatch(/^multipart\/byteranges/);
  });

  test("a large body is whole, fast and slow", async () => {
    expect(Buffer.compare((await get("/big.bin")).body, big)).toBe(0);
    expect(Buffer.compare((await get("/big.bin", "--limit-rate", "20M")).body, big)).toBe(0);
    const part = await get("/big.bin", "-H", "Range: bytes=7-15000000");
    expect(Buffer.compare(part.body, big.subarray(7, 15_000_001))).toBe(0);
  });

  test("20 KB of header are refused, and the next request is answered", async () => {
    expect((await get("/", "-H", `X-Long: ${"x".repeat(20_000)}`)).status).not.toBe(200);
    expect((await get("/file.txt")).status).toBe(200);
  });

  test("a stop waits for what is in flight", async () => {
    const options = ["--http2", "--buffer-limit", "1MiB", "--admin", "127.0.0.1:0"];
    await using other = await start(...options, ...tls);
    const address = url.replace(/\d+$/, String(other.port));
    const download = curl(`${address}/big.bin`, ...trust, "--http2", "--limit-rate", "10M");
    await waitUntil("it has begun", async () => (await metric(other, "chirp_site_open_streams")) === 1);
    other.kill("SIGTERM");
    expect(Buffer.compare((await download).body, big)).toBe(0);
    expect(await other.exited).toBe(0);
  });
});

describe.skipIf(!hasOpenssl)("HTTP/2, with a client of our own", () => {
  const connect = ({ port }: WebServer) =>
    http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }).on("error", () => undefined);

  test("bodies that nobody can continue end with an error, never as if they were whole", async () => {
    await using own = await startCluster({ servers: 1 });
    own.servers[0].plant("/big.bin", big, { mtime });
    await using web = await startWebServer([
      "--servers",
      own.serversFile,
      "--access-log",
      "json",
      "--http2",
      "--buffer-limit",
      "1MiB",
      ...tls,
    ]);
    const client = connect(web);
    const stream = client.request({ ":path": "/big.bin" });
    let length = 0;
    const ended = Promise.withResolvers<string>();
    stream.on("error", () => ended.resolve("error")).on("aborted", () => ended.resolve("aborted"));
    stream.on("end", () => ended.resolve("end")).on("close", () => ended.resolve("close"));
    stream.once("data", (chunk: Buffer) => {
      length += chunk.length;
      stream.pause();
      void own.servers[0].kill().then(() => stream.on("data", (more: Buffer) => void (length += more.length)).resume());
    });
    const end = await ended.promise;
    expect([end === "end", length < big.length]).toEqual([false, true]);
    expect(stream.rstCode).not.toBe(0);
    client.destroy();
    await waitUntil("it is in the log", () => web.stdout().includes('"reset":true'));
  });

  test("streams that nobody reads, and streams that are cancelled, leave nothing behind and hold up nobody", async () => {
    const options = ["--http2", "--admin", "127.0.0.1:0", "--buffer-limit", "1MiB"];
    await using web = await start(...options, ...tls);
    const client = connect(web);
    const streams = Array.from({ length: 30 }, () => {
      const stream = client.request({ ":path": "/big.bin" });
      stream.on("error", () => undefined).pause();
      return stream;
    });
    await waitUntil("all are open", async () => (await metric(web, "chirp_site_open_streams")) === streams.length);
    const beside = await fetch(`https://127.0.0.1:${web.port}/file.txt`, {
      signal: AbortSignal.timeout(5_000),
      tls: { rejectUnauthorized: false },
    });
    expect((await beside.text()).length).toBe(1000);
    for (const stream of streams) stream.close(http2.constants.NGHTTP2_CANCEL);
    await waitUntil("all are closed", async () => (await metric(web, "chirp_site_open_streams")) === 0);
    client.destroy();
    await waitUntil("nothing is unfinished", async () => (await metric(web, "chirp_site_unfinished_requests")) === 0);
  });
});
