/** Servers at their limits: too many clients, idle connections dropped, a disk that is full. */
import { connect, type Socket } from "node:net";
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serverAccount } from "../../src/cluster/server_account.ts";
import { startCluster } from "../helpers/cluster.ts";
import { run } from "../helpers/run.ts";
import { startWebServer } from "../helpers/web_server.ts";

setDefaultTimeout(90_000);

const syncProgram = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
const MIB = 1024 * 1024;

async function timed(port: number, path: string): Promise<{ status: number; text: string; ms: number }> {
  const start = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text(), ms: performance.now() - start };
}

test("a server that takes no more clients costs nobody more than a hedge delay", async () => {
  await using full = await startCluster({ servers: 1, extraArguments: ["-M", "3"] });
  await using free = await startCluster({ servers: 1 });
  for (const cluster of [full, free]) {
    for (let index = 0; index < 20; index++)
      cluster.servers[0].plant(`/${index}.txt`, `file ${index}`, { mtime: 1_600_000_000 });
  }
  // All places taken: who comes now is accepted by the kernel, and never answered.
  const guests: Socket[] = Array.from({ length: 3 }, () => connect(full.servers[0].port, "127.0.0.1"));
  try {
    for (const guest of guests) guest.on("error", () => undefined).write("alive?\n");
    writeFileSync(free.serversFile, `${full.hosts[0]}\n${free.hosts[0]}\n`);
    const options = ["--servers", free.serversFile, "--cache-size", "0", "--cache-ttl", "0", "--access-log", "off"];
    await using web = await startWebServer(options);
    for (let index = 0; index < 20; index++) {
      const { status, text, ms } = await timed(web.port, `/${index}.txt`);
      expect([status, text]).toEqual([200, `file ${index}`]);
      expect(ms).toBeLessThan(2_500);
    }
  } finally {
    for (const guest of guests) guest.destroy();
  }
});

test("a server that drops idle connections after 2 s is no worse for it", async () => {
  await using cluster = await startCluster({ servers: 1, extraArguments: ["-t", "2"] });
  const [server] = cluster.servers;
  const large = Buffer.alloc(40 * MIB, "0123456789abcdef");
  server.plant("/small.txt", "small", { mtime: 1_600_000_000 });
  server.plant("/large.bin", large, { mtime: 1_600_000_000 });
  const options = ["--servers", cluster.serversFile, "--cache-size", "0", "--cache-ttl", "0", "--buffer-limit", "8MiB"];
  await using web = await startWebServer([...options, "--access-log", "off"]);
  for (let round = 0; round < 2; round++) {
    const { status, text, ms } = await timed(web.port, "/small.txt");
    expect([status, text]).toEqual([200, "small"]);
    expect(ms).toBeLessThan(1_000);
    await Bun.sleep(2_700);
  }
  // A reader that rests: the connection, and the file open on it, are gone when it goes on.
  const response = await fetch(`http://127.0.0.1:${web.port}/large.bin`);
  const hasher = new Bun.CryptoHasher("sha256");
  let bytes = 0;
  let hasRested = false;
  for await (const chunk of response.body!) {
    hasher.update(chunk);
    bytes += chunk.length;
    if (bytes < 2 * MIB || hasRested) continue;
    hasRested = true;
    await Bun.sleep(3_500);
  }
  expect(bytes).toBe(large.length);
  expect(hasher.digest("hex")).toBe(new Bun.CryptoHasher("sha256").update(large).digest("hex"));
});

/** A file system of a few MiB in place of a directory; null where this user may not mount one. */
async function mountSmall(directory: string): Promise<AsyncDisposable | null> {
  if (process.getuid?.() !== 0 || Bun.which("mount") === null) return null;
  const { uid, gid } = serverAccount() ?? { uid: 0, gid: 0 };
  const options = `size=4m,uid=${uid},gid=${gid}`;
  const { exitCode } = await run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory]);
  if (exitCode !== 0) return null;
  return { [Symbol.asyncDispose]: async () => void (await run(["umount", "-l", directory])) };
}

test("a target whose disk is full keeps its old files whole, says so, and is finished when there is room", async () => {
  await using cluster = await startCluster({ servers: 2 });
  const [source, target] = cluster.servers;
  const isNew = (size: number) => Buffer.alloc(size, "new ");
  target!.plantDirectory("/copy");
  await using mount = await mountSmall(target!.diskPath("/copy").toString());
  if (mount === null) {
    console.log("skipped: mounting a small tmpfs needs root and the right to mount");
    return;
  }
  target!.plantDirectory("/copy");
  target!.plant("/copy/page.html", "old page", { mtime: 1 });
  target!.plant("/copy/big.bin", Buffer.alloc(MIB, "old "), { mtime: 1 });
  source.plant("/site/page.html", "new page", { mtime: 1_600_000_000 });
  source.plant("/site/big.bin", isNew(6 * MIB), { mtime: 1_600_000_000 });
  source.plant("/site/large.bin", isNew(20 * MIB), { mtime: 1_600_000_000 });
  const words = [process.execPath, syncProgram, "-r", "--retries", "0", source.host, "/site", target!.host, "/copy"];
  const full = await run(words);
  expect(full.exitCode).toBe(11);
  expect(full.stderr).toContain("no space left on device");
  expect(readFileSync(target!.diskPath("/copy/page.html"), "utf8")).toBe("new page");
  expect(readFileSync(target!.diskPath("/copy/big.bin")).equals(Buffer.alloc(MIB, "old "))).toBe(true);
  expect(existsSync(target!.diskPath("/copy/large.bin"))).toBe(false);
  // A part of it, kept to be resumed, would keep the disk full for everybody.
  expect(existsSync(target!.diskPath("/copy/.__chirpsync"))).toBe(false);

  await run(["mount", "-o", "remount,size=80m", target!.diskPath("/copy").toString()]);
  const again = await run(words);
  expect([again.exitCode, again.stderr]).toEqual([0, ""]);
  expect(readFileSync(target!.diskPath("/copy/big.bin")).equals(isNew(6 * MIB))).toBe(true);
  expect(readFileSync(target!.diskPath("/copy/large.bin")).equals(isNew(20 * MIB))).toBe(true);
  expect(existsSync(target!.diskPath("/copy/.__chirpsync"))).toBe(false);
});
