/** A file that changes while its body is being sent: never a mixture of two versions that looks whole. */
import { closeSync, openSync, renameSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Cluster, startCluster, type TestServer } from "../helpers/cluster.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { download, sha256, testBytes } from "./download.ts";
import { get } from "./load.ts";

setDefaultTimeout(60_000);

const MiB = 1024 * 1024;
/** More than what fits into all buffers on the way to a client that has stopped reading. */
const size = 32 * MiB;
/** When the client stops reading, and the file is changed. */
const at = 4 * MiB;
const mtime = 1_700_000_000;
const old = testBytes(size, 1);

/** Writes into the file as it is, as an editor or rsync --inplace does. */
function overwrite(file: Buffer, bytes: Uint8Array, position: number): void {
  const fd = openSync(file, "r+");
  writeSync(fd, bytes, 0, bytes.length, position);
  closeSync(fd);
}

const newEnd = testBytes(MiB, 2);

interface Change {
  readonly act: (file: Buffer) => void;
  /** Whether its only server may go on with the old version. */
  readonly mayComplete: boolean;
}

const changes: readonly (readonly [string, Change])[] = [
  ["grows", { act: (file) => overwrite(file, newEnd, size), mayComplete: false }],
  ["shrinks", { act: (file) => truncateSync(file, size - MiB), mayComplete: false }],
  ["is cut to nothing", { act: (file) => truncateSync(file, 0), mayComplete: false }],
  ["gets other bytes at its end", { act: (file) => overwrite(file, newEnd, size - MiB), mayComplete: false }],
  [
    "gets other bytes in what is still to come",
    { act: (file) => overwrite(file, newEnd, size - 8 * MiB), mayComplete: false },
  ],
  ["gets other bytes in what was sent already", { act: (file) => overwrite(file, newEnd, MiB), mayComplete: false }],
  [
    "is replaced by another one",
    {
      act: (file) => {
        const staging = Buffer.concat([file, Buffer.from(".new")]);
        writeFileSync(staging, testBytes(size, 2));
        renameSync(staging, file);
      },
      mayComplete: true,
    },
  ],
];

const streamed = ["--debug-headers", "--access-log", "off", "--buffer-limit", "0"];

describe.each([1, 2])("with %d server(s), of which one has a file that", (servers) => {
  let cluster: Cluster;
  let web: WebServer | undefined;
  beforeAll(async () => {
    cluster = await startCluster({ servers });
    for (const server of cluster.servers) {
      for (const index of changes.keys()) server.plant(`/${index}.bin`, old, { mtime });
    }
    // Files whose change is younger are looked at more closely, see below.
    await Bun.sleep(2_100);
    web = await startWebServer(["--servers", cluster.serversFile, ...streamed]);
  });
  afterAll(async () => {
    await web?.[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  const numbered = changes.map(([name, change], index) => [name, change, `/${index}.bin`] as const);

  test.each(numbered)("%s while it is sent", async (_, { act, mayComplete }, path) => {
    let sender: TestServer | undefined;
    const { response, end } = await download({
      port: web!.port,
      path,
      onHead: (head) => {
        sender = cluster.servers.find(({ host }) => head.includes(`X-Served-By: ${host}`));
        return true;
      },
      at: { bytes: at, act: () => act(sender!.diskPath(path)) },
    });
    if (response === null) expect(end).toBe("reset");
    // The other server goes on with what was begun.
    else
      expect({ mayBeWhole: mayComplete || servers > 1, digest: sha256(response.body) }).toEqual({
        mayBeWhole: true,
        digest: sha256(old),
      });
  });
});

test("a file that changes in the very second it was written in, where times cannot tell", async () => {
  await using cluster = await startCluster({ servers: 1 });
  const [server] = cluster.servers;
  await using web = await startWebServer(["--servers", cluster.serversFile, "--cache-ttl", "0", ...streamed]);
  const changed = Buffer.from(old);
  newEnd.copy(changed, 0);
  newEnd.copy(changed, size - MiB);
  for (let round = 0; round < 4; round++) {
    server.plant("/young.bin", old);
    const { response, end } = await download({
      port: web.port,
      path: "/young.bin",
      at: { bytes: at, act: () => writeFileSync(server.diskPath("/young.bin"), changed, { flag: "r+" }) },
    });
    if (response === null) expect(end).toBe("reset");
    else expect([sha256(old), sha256(changed)]).toContain(sha256(response.body));
  }
});

test("a file that is held is never a mixture, however often it is written over", async () => {
  await using cluster = await startCluster({ servers: 1 });
  const [server] = cluster.servers;
  const versions = Array.from({ length: 8 }, (_, version) => testBytes(3 * MiB, version));
  const digests = new Set(versions.map(sha256));
  server.plant("/held.bin", versions[0]!);
  const options = ["--access-log", "off", "--cache-size", "0", "--cache-ttl", "0"];
  await using web = await startWebServer(["--servers", cluster.serversFile, ...options]);
  const fd = openSync(server.diskPath("/held.bin"), "r+");
  let mixtures = 0;
  let whole = 0;
  const end = performance.now() + 4_000;
  for (let round = 1; performance.now() < end; round++) {
    const reply = get(web.port, "/held.bin");
    // Somewhere in the time that a read takes.
    await Bun.sleep(round % 12);
    const begun = performance.now();
    writeSync(fd, versions[round % versions.length]!, 0, 3 * MiB, 0);
    const wroteMs = performance.now() - begun;
    const { status, body } = await reply;
    // Held up in the middle of the write, we are the ones who made the mixture.
    if (status !== 200 || wroteMs > 5) continue;
    whole++;
    if (!digests.has(sha256(Buffer.from(body, "latin1")))) mixtures++;
  }
  closeSync(fd);
  console.log(`    ${whole} whole answers`);
  expect(whole).toBeGreaterThan(0);
  expect(mixtures).toBe(0);
});
