/** Real clients resume and split downloads while servers are killed and come back. */
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { run } from "../helpers/run.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";

setDefaultTimeout(300_000);

const isHeavy = process.env["CHIRP_SITE_HEAVY"] === "1";
const size = isHeavy ? 300_000_000 : 60_000_000;
const mtime = 1_700_000_000;
const contents = new Uint8Array(size).map((_, index) => (index * 2_654_435_761) >>> 24);
const sha256 = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
const wanted = sha256(contents);

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ servers: 3 });
  for (const server of cluster.servers) server.plant("/large.bin", contents, { mtime });
});

afterAll(() => cluster?.[Symbol.asyncDispose]());

/** Kills one server after the other, and brings it back: at every moment, two of three are well at least. */
async function whileServersDie<T>(work: () => Promise<T>): Promise<T> {
  let isOver = false;
  let kills = 0;
  const unrest = (async () => {
    for (let index = 0; !isOver; index++) {
      const server = cluster.servers[index % cluster.servers.length]!;
      await server.kill();
      kills++;
      await Bun.sleep(300);
      await server.restart();
      await Bun.sleep(1_500);
    }
  })();
  try {
    return await work();
  } finally {
    isOver = true;
    await unrest;
    console.log(`    servers killed: ${kills}`);
  }
}

/** Begins the download, ends the client in the middle, and lets it go on from there; the client is slowed to make it last. */
async function inTwoParts(file: string, command: readonly string[]): Promise<number> {
  const first = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  while (lengthOf(file) < size / 4 && first.exitCode === null) await Bun.sleep(10);
  first.kill("SIGKILL");
  await first.exited;
  const resumedAt = lengthOf(file);
  const { exitCode, stderr } = await run(command, { limitMs: 200_000 });
  if (exitCode !== 0) throw new Error(`${command[0]} ended with ${exitCode}: ${stderr}`);
  return resumedAt;
}

function lengthOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

const rate = isHeavy ? "60M" : "25M";
const clients: readonly (readonly [string, (url: string, file: string) => readonly string[]])[] = [
  ["curl", (url, file) => ["curl", "-sS", "-f", "-C", "-", "--limit-rate", rate, "-o", file, url]],
  ["wget", (url, file) => ["wget", "-q", "-c", `--limit-rate=${rate.toLowerCase()}`, "-O", file, url]],
  ["aria2c", (url, file) => aria2c(url, file)],
];

function aria2c(url: string, file: string): readonly string[] {
  const splits = [
    "-x4",
    "-s4",
    "-k1M",
    "--min-split-size=1M",
    "--file-allocation=none",
    `--max-overall-download-limit=${rate}`,
  ];
  return [
    "aria2c",
    "-q",
    "-c",
    ...splits,
    "--allow-overwrite=true",
    "-d",
    join(file, ".."),
    "-o",
    file.split("/").at(-1)!,
    url,
  ];
}

describe.each(isHeavy ? [["bun"], ["node"]] : [["bun"]])("--front %s", (front) => {
  let web: WebServer;

  beforeAll(async () => {
    web = await startWebServer(["--servers", cluster.serversFile, "--access-log", "json", "--front", front]);
  });

  afterAll(() => web?.[Symbol.asyncDispose]());

  for (const [name, command] of clients) {
    const isHere = Bun.which(name) !== null;
    if (!isHere) console.log(`skipped: ${name} is not here`);
    test.skipIf(!isHere)(`${name} goes on where it was cut off`, async () => {
      const file = join(cluster.directory, `${name}-${front}.bin`);
      const url = `http://127.0.0.1:${web.port}/large.bin`;
      const resumedAt = await whileServersDie(async () => await inTwoParts(file, command(url, file)));
      expect(sha256(readFileSync(file))).toBe(wanted);
      expect(resumedAt).toBeGreaterThan(0);
      expect(web.stdout()).toContain('"status":206');
      rmSync(file);
    });
  }

  test.skipIf(Bun.which("curl") === null)("curl refuses to go on with another version", async () => {
    const file = join(cluster.directory, "other.bin");
    writeFileSync(file, contents.subarray(0, 1000));
    truncateSync(file, 1000);
    const { exitCode } = await run([
      ...["curl", "-sS", "-f", "-C", "-", "-o", file, "-H", 'If-Range: "another"'],
      `http://127.0.0.1:${web.port}/large.bin`,
    ]);
    // 33: the server sent the whole file instead, as If-Range has it.
    expect([exitCode, lengthOf(file)]).toEqual([33, 1000]);
  });
});
