/** What the web server holds in memory: idle, and after more was asked for than its cache may hold. */
import { readFileSync } from "node:fs";
import { atMost, type Question } from "./harness/question.ts";
import { fetchAll, OLD, repeatedRandom, serve, sitePaths, startSite } from "./harness/site.ts";
import { faultlessRate, pathsScript, wrk } from "./harness/wrk.ts";

const MIB = 1024 * 1024;
const CACHE_MIB = 256;
/** Twice as much as the cache may hold. */
const PATHS = sitePaths({ files: 512, directories: 8 });
const BYTES = MIB;
/** One file each: what is on its way to them is not the cache's. */
const CLIENTS = 64;
/** What the bound may be exceeded by: a fifth of it. */
const LIMIT_MIB = CACHE_MIB * 1.2;

export const memory: Question = {
  name: "memory",
  programs: ["wrk"],
  async ask() {
    await using cluster = await startSite(2, (server) => {
      const contents = repeatedRandom(BYTES);
      for (const [index, path] of PATHS.entries()) {
        contents.writeUInt32LE(index);
        server.plant(path, contents, { mtime: OLD + index });
      }
    });
    await using web = await serve(cluster, "--cache-size", `${CACHE_MIB}MiB`);
    const idle = residentMib(web.pid);
    await fetchAll(PATHS.map((path) => web.url + path));
    const filled = residentMib(web.pid);
    const script = pathsScript(cluster.directory, PATHS);
    faultlessRate(await wrk(web.url, { connections: CLIENTS, seconds: 20, script }));
    const loaded = residentMib(web.pid);
    const growth = loaded - idle - (CLIENTS * BYTES) / MIB;
    return [
      { what: "RSS of the web server, idle", measured: `${idle} MiB`, spread: "", rpcs: "", reach: null },
      {
        what: `RSS after ${PATHS.length} MiB of files were asked for once, with --cache-size ${CACHE_MIB}MiB`,
        measured: `${filled} MiB`,
        spread: "",
        rpcs: "",
        reach: null,
      },
      {
        what: `RSS beyond idle after 20 s of wrk -c${CLIENTS} over the same files, without the ${CLIENTS} MiB on their way to clients`,
        measured: `${growth} MiB`,
        spread: "",
        rpcs: "",
        reach: atMost(growth, LIMIT_MIB),
      },
    ];
  },
};

function residentMib(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}
