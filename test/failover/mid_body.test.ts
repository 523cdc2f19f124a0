/** A server that goes away in the middle of a body: the body goes on from another one, or the connection is reset. */
import { rmSync } from "node:fs";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Cluster, startCluster, type TestServer } from "../helpers/cluster.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { download, type Download, sha256, testBytes } from "./download.ts";
import { until } from "./load.ts";

setDefaultTimeout(60_000);

const MiB = 1024 * 1024;
/** Above the limit up to which bodies are held whole before they are sent. */
const size = 100 * MiB;
const mtime = 1_700_000_000;
const contents = testBytes(size);
const digest = sha256(contents);

/** For what needs not be large: more than what fits into all buffers on the way to a client that has stopped reading. */
const less = contents.subarray(0, 40 * MiB);

/** Two servers with a big file, the second one as told, and a web server that streams it. */
async function setUp(plantOther: (server: TestServer) => void, first: Buffer = contents) {
  const cluster = await startCluster({ servers: 2 });
  cluster.servers[0].plant("/big.bin", first, { mtime });
  plantOther(cluster.servers[1]!);
  const streamed = first === contents ? [] : ["--buffer-limit", "0"];
  const options = ["--debug-headers", "--access-log", "off", ...streamed];
  const web = await startWebServer(["--servers", cluster.serversFile, ...options]);
  return {
    cluster,
    web,
    async [Symbol.asyncDispose]() {
      await web[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** Downloads the file from the first server, to which `act` is done half way, or when so many bytes have come. */
async function downloadFromFirst(
  cluster: Cluster,
  port: number,
  act: (server: TestServer) => void | Promise<void>,
  bytes = size / 2,
): Promise<Download> {
  const [first] = cluster.servers;
  // The choice is random; who begins with the other one is sent away.
  for (let attempt = 0; attempt < 40; attempt++) {
    const result = await download({
      port,
      path: "/big.bin",
      onHead: (head) => head.includes(`X-Served-By: ${first.host}`),
      at: { bytes, act: () => act(first) },
    });
    if (result.end !== "hungUp") return result;
  }
  throw new Error("the random choice never fell on the first server");
}

function expectWhole({ response }: Download): void {
  expect(response?.status).toBe(200);
  expect(response?.body.length).toBe(size);
  expect(sha256(response!.body)).toBe(digest);
}

/** No client takes it for whole, and what came of the body is the beginning of one version. */
function expectReset({ response, raw, end }: Download, beginning: Buffer): void {
  expect(response).toBeNull();
  expect(end).toBe("reset");
  const body = beginningOfBody(raw);
  expect(body.length).toBeGreaterThan(0);
  expect(body.equals(beginning.subarray(0, body.length))).toBe(true);
}

/** What came of a chunked body that was broken off. */
function beginningOfBody(raw: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let position = raw.indexOf("\r\n\r\n") + 4;
  while (true) {
    const lineEnd = raw.indexOf("\r\n", position);
    if (lineEnd < 0) return Buffer.concat(pieces);
    const length = Number.parseInt(raw.toString("latin1", position, lineEnd), 16);
    pieces.push(raw.subarray(lineEnd + 2, lineEnd + 2 + length));
    position = lineEnd + 2 + length + 2;
  }
}

const kill = (server: TestServer) => server.kill();

describe("a 100 MB download whose server is killed half way", () => {
  test("goes on from the other one and arrives whole", async () => {
    await using site = await setUp((server) => server.plant("/big.bin", contents, { mtime }));
    // Files whose change is younger are compared from their beginning.
    await Bun.sleep(2_100);
    expectWhole(await downloadFromFirst(site.cluster, site.web.port, kill));
  });

  test("goes on where contents are equal and only the mtime differs", async () => {
    await using site = await setUp((server) => server.plant("/big.bin", contents, { mtime: mtime + 100 }));
    expectWhole(await downloadFromFirst(site.cluster, site.web.port, kill));
  });

  test.each<[string, (server: TestServer) => void]>([
    [
      "other contents of the same size",
      (server) => server.plant("/big.bin", testBytes(less.length, 1), { mtime: mtime + 1 }),
    ],
    ["another size", (server) => server.plant("/big.bin", less.subarray(0, less.length - 1), { mtime })],
    [
      "other bytes, size and mtime the same",
      (server) => server.plant("/big.bin", testBytes(less.length, 1), { mtime }),
    ],
    ["no such file", () => undefined],
  ])("is reset when the other one has %s", async (_, plantOther) => {
    await using site = await setUp(plantOther, less);
    expectReset(await downloadFromFirst(site.cluster, site.web.port, kill, 8 * MiB), less);
    await until("the reset is logged", 2_000, () => /^reset.*\/big\.bin/m.test(site.web.stderr()));
  });

  test("is whole for curl, which sees one connection", async () => {
    await using site = await setUp((server) => server.plant("/big.bin", contents, { mtime }));
    const [first, second] = site.cluster.servers;
    const curl = Bun.spawn(
      [
        "curl",
        "-sS",
        "--limit-rate",
        "60M",
        "-w",
        "%{stderr}%{num_connects} %{http_code}",
        `http://127.0.0.1:${site.web.port}/big.bin`,
      ],
      { stdout: "pipe", stderr: "pipe" },
    );
    const hasher = new Bun.CryptoHasher("sha256");
    let bytes = 0;
    let killed: Promise<void> | undefined;
    for await (const chunk of curl.stdout) {
      hasher.update(chunk);
      bytes += chunk.length;
      // One is busy with this download. Both go away in turn and come back, as when all servers are upgraded.
      if (killed === undefined && bytes > size / 3) killed = first.restart().then(() => second!.restart());
    }
    await killed;
    expect(await curl.stderr.text()).toBe("1 200");
    expect(await curl.exited).toBe(0);
    expect(hasher.digest("hex")).toBe(digest);
  });
});

test.each([
  ["of a later time", mtime + 100],
  ["of the same time and size, in a file of its own", mtime],
])(
  "the only server that has it comes back with other contents, %s: reset, and these are shown from then on",
  async (_, time) => {
    const others = testBytes(less.length, 1);
    await using site = await setUp(() => undefined, less);
    const comesBack = async (server: TestServer) => {
      await server.kill();
      rmSync(server.diskPath("/big.bin"));
      server.plant("/big.bin", others, { mtime: time });
      await server.restart();
    };
    const { response, end } = await downloadFromFirst(site.cluster, site.web.port, comesBack, less.length / 4);
    expect([response, end]).toEqual([null, "reset"]);
    // Until it is in use again the other one, which has no such file, is asked alone.
    const shown = async () => (await download({ port: site.web.port, path: "/big.bin" })).response!;
    await until("found again", 4_000, async () => (await shown()).status === 200);
    expect(sha256((await shown()).body)).toBe(sha256(others));
  },
);

test("a server stopped half way costs a download no more than about a hedge delay", async () => {
  await using site = await setUp((server) => server.plant("/big.bin", contents, { mtime }));
  const result = await downloadFromFirst(site.cluster, site.web.port, (server) => server.stop());
  site.cluster.servers[0].resume();
  expectWhole(result);
  // 250 ms, the time that a chunk of 4 MiB may take beyond that, and the noise of a busy machine.
  expect(result.longestSilenceMs).toBeLessThan(2_000);
  console.log(`longest silence ${Math.round(result.longestSilenceMs)} ms`);
});

test("a body that is held before it is sent survives its server as well", async () => {
  const held = testBytes(40 * MiB, 2);
  await using site = await setUp((server) => server.plant("/held.bin", held, { mtime }));
  const [first] = site.cluster.servers;
  first.plant("/held.bin", held, { mtime });
  const downloads = Array.from({ length: 4 }, () => download({ port: site.web.port, path: "/held.bin" }));
  await Bun.sleep(30);
  await first.kill();
  for (const { response } of await Promise.all(downloads)) {
    expect(response?.header("content-length")).toBe(String(held.length));
    expect(sha256(response!.body)).toBe(sha256(held));
  }
});
