/** `--compress`: text compressed on the way, each coding a representation of its own. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";

setDefaultTimeout(60_000);

const mtime = 1_700_000_000;
const text = Array.from({ length: 5_000 }, (_, index) => `.c${index} { color: #${index.toString(16)} }\n`).join("");
/** Nothing makes these smaller. */
const random = Buffer.from(crypto.getRandomValues(new Uint8Array(40_000)));

const decoders = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync } as const;

let cluster: Cluster;
let web: WebServer;

beforeAll(async () => {
  cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) {
    server.plant("/style.css", text, { mtime });
    server.plant("/tiny.css", "p{}", { mtime });
    server.plant("/random.txt", random, { mtime });
    server.plant("/photo.jpg", text, { mtime });
    server.plant("/beside.css", text, { mtime });
    server.plant("/beside.css.gz", "made before", { mtime });
    // Larger than what is held, so that it is streamed.
    server.plant("/large.txt", text.repeat(50), { mtime });
  }
  web = await startWebServer([
    "--servers",
    cluster.serversFile,
    "--compress",
    "--access-log",
    "off",
    "--cache-ttl",
    "60",
  ]);
});

afterAll(async () => {
  await web?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

async function get(path: string, headers: Record<string, string> = {}, method = "GET") {
  const url = `http://127.0.0.1:${web.port}${path}`;
  const response = await fetch(url, { method, headers, decompress: false });
  const bytes = Buffer.from(await response.bytes());
  return { status: response.status, header: (name: string) => response.headers.get(name), bytes };
}

const accepting = (coding: string) => ({ "Accept-Encoding": coding });

describe.each([["br"], ["zstd"], ["gzip"]] as const)("%s", (coding) => {
  test("is smaller, right, and a representation of its own, each time alike", async () => {
    const identity = await get("/style.css", accepting("identity"));
    expect([identity.bytes.toString(), identity.header("content-encoding")]).toEqual([text, null]);
    expect(identity.header("vary")).toBe("Accept-Encoding");
    const etags = new Set<string | null>([identity.header("etag")]);
    for (let round = 0; round < 6; round++) {
      const answer = await get("/style.css", accepting(coding));
      expect([answer.status, answer.header("content-encoding")]).toEqual([200, coding]);
      expect(answer.header("vary")).toBe("Accept-Encoding");
      expect(answer.header("content-type")).toBe("text/css; charset=utf-8");
      expect(answer.header("content-length")).toBe(String(answer.bytes.length));
      expect(answer.bytes.length).toBeLessThan(text.length / 3);
      expect(decoders[coding](answer.bytes).toString()).toBe(text);
      etags.add(answer.header("etag"));
    }
    expect(etags.size).toBe(2);
  });

  test("HEAD, 304 and ranges are those of the smaller one", async () => {
    const whole = await get("/style.css", accepting(coding));
    const etag = whole.header("etag")!;
    const head = await get("/style.css", accepting(coding), "HEAD");
    expect([head.header("etag"), head.header("content-length")]).toEqual([etag, String(whole.bytes.length)]);
    expect((await get("/style.css", { ...accepting(coding), "If-None-Match": etag })).status).toBe(304);
    expect((await get("/style.css", { ...accepting("identity"), "If-None-Match": etag })).status).toBe(200);
    const range = await get("/style.css", { ...accepting(coding), Range: "bytes=10-19", "If-Range": etag });
    expect([range.status, range.bytes.equals(whole.bytes.subarray(10, 20))]).toEqual([206, true]);
  });
});

test("no two codings share an ETag", async () => {
  const etags = ["identity", "br", "zstd", "gzip"].map(async (coding) =>
    (await get("/style.css", accepting(coding))).header("etag"),
  );
  expect(new Set(await Promise.all(etags)).size).toBe(4);
});

test("the client's weights decide", async () => {
  expect((await get("/style.css", accepting("br;q=0.5, gzip"))).header("content-encoding")).toBe("gzip");
  expect((await get("/style.css", accepting("br;q=0, zstd;q=0, gzip;q=0"))).header("content-encoding")).toBeNull();
  expect((await get("/style.css", accepting("gzip, br"))).header("content-encoding")).toBe("br");
});

test.each([
  ["what is tiny", "/tiny.css"],
  ["what is no text", "/photo.jpg"],
  ["what is streamed", "/large.txt"],
])("%s is left alone", async (_, path) => {
  const answer = await get(path, accepting("br, gzip"));
  expect([answer.status, answer.header("content-encoding"), answer.header("vary")]).toEqual([200, null, null]);
});

test("what does not become smaller is sent as it is, and may vary", async () => {
  for (let round = 0; round < 3; round++) {
    const answer = await get("/random.txt", accepting("br, gzip"));
    expect([answer.header("content-encoding"), answer.header("vary")]).toEqual([null, "Accept-Encoding"]);
    expect(answer.bytes.equals(random)).toBe(true);
  }
});

test("a compressed copy beside the file goes before", async () => {
  const answer = await get("/beside.css", accepting("br, gzip"));
  expect([answer.header("content-encoding"), answer.bytes.toString()]).toEqual(["gzip", "made before"]);
});
