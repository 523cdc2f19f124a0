/** Three hosts with addresses of their own, of which one is cut off: no RST, no FIN, no "unreachable". */
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { get, latency, startLoad, until, wrong } from "../failover/load.ts";
import { startNetworkHosts, whyNoNetworkHosts } from "../helpers/network_hosts.ts";
import { run } from "../helpers/run.ts";
import { startWebServer } from "../helpers/web_server.ts";

setDefaultTimeout(90_000);

const missing = await whyNoNetworkHosts();
if (missing !== null) console.log(`skipped: network namespaces: ${missing}`);

const FILES = 50;
const CUT_MS = 6_000;
/** One hedge delay, and the noise of a busy machine. */
const LATENCY_LIMIT_MS = 1_500;
/** A connection being made when the way is open again waits for its next SYN; it is given up after 3 s and made anew. */
const BACK_LIMIT_MS = 6_000;
const syncProgram = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
const path = (n: number) => `/file${n % FILES}.txt`;
const contents = (path: string) => `contents of ${path} `.repeat(50);

test.skipIf(missing !== null)(
  "one of three hosts cut off under load: no failure, no long wait, and it comes back",
  async () => {
    await using network = await startNetworkHosts(3);
    const directory = mkdtempSync(join(tmpdir(), "chirp-site-hosts-test-"));
    const serversFile = join(directory, "servers.txt");
    const [first, second, third] = network.hosts;
    for (const host of network.hosts) {
      for (let n = 0; n < FILES; n++) host.plant(path(n), contents(path(n)), { mtime: 1_600_000_000 });
    }
    writeFileSync(serversFile, network.hosts.map(({ host }) => `${host}\n`).join(""));
    try {
      const options = ["--servers", serversFile, "--cache-size", "0", "--cache-ttl", "0", "--debug-headers"];
      await using web = await startWebServer([...options, "--access-log", "off"]);
      const isInUse = async () => (await get(web.port, path(0))).server === first!.host;
      await until("in use at first", 5_000, isInUse);
      const load = startLoad({ port: web.port, clients: 6, path, restMs: 20 });
      await load.reached(200);
      await first!.cutOff();
      const cutAt = performance.now();

      // Meanwhile the synchroniser: the host that is cut off ends in time, and holds up nobody.
      const words = ["-r", "--timeout", "3", "--contimeout", "2", "--retries", "0", second!.host, "/"];
      const syncing = run([process.execPath, syncProgram, ...words, first!.host, "/copy", third!.host, "/copy"]);
      await Bun.sleep(CUT_MS);
      await first!.reconnect();
      const backMs = await until("in use again", BACK_LIMIT_MS, isInUse);
      const replies = await load.stop();

      const during = replies.filter(({ at }) => at > cutAt && at < cutAt + CUT_MS);
      console.log(
        `cut off: ${during.length} requests, slowest ${Math.round(latency(during, 1))} ms, back after ${Math.round(backMs)} ms`,
      );
      expect(wrong(replies, contents)).toEqual([]);
      expect(latency(during, 1)).toBeLessThan(LATENCY_LIMIT_MS);
      const { exitCode, stdout } = await syncing;
      expect([5, 30]).toContain(exitCode);
      expect(stdout).toContain(third!.host);
      expect(await Bun.file(third!.diskPath(`/copy${path(7)}`).toString()).text()).toBe(contents(path(7)));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
