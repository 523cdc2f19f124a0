/**
 * Against nginx over chirp_fuse. Debian builds chirp_fuse without FUSE, so that nginx on local disk is measured here, and the
 * ratio that was seen between the two stands for the rest.
 */
import { program, secondsOf } from "./harness/programs.ts";
import { startNginx } from "./harness/nginx.ts";
import { atLeast, digits, type Question, type Row } from "./harness/question.ts";
import { compare, type Comparison, sideBySide } from "./harness/side_by_side.ts";
import { OLD, plantFiles, repeatedRandom, serve, sitePaths, startSite, USUAL_SIZE } from "./harness/site.ts";
import { faultlessRate, pathsScript, wrk } from "./harness/wrk.ts";

/** Seen in one run: nginx on local disk and nginx over chirp_fuse, requests/s of 4 KB files and MB/s of a 100 MB file. */
const SMALL_LOCAL_TO_FUSE = 43_071 / 102;
const LARGE_LOCAL_TO_FUSE = 2_210 / 56;

const PATHS = sitePaths(USUAL_SIZE);
const LARGE = "/large.bin";
const LARGE_BYTES = 100_000_000;
const LOAD = { connections: 32, seconds: 3 };
const ROUNDS = { min: 5, max: 9 };

export const overFuse: Question = {
  name: "over_fuse",
  programs: ["nginx", "wrk", "curl"],
  async ask() {
    await using cluster = await startSite(3, (server) => {
      plantFiles(server, PATHS, 4096);
      server.plant(LARGE, repeatedRandom(LARGE_BYTES), { mtime: OLD });
    });
    await using nginx = await startNginx(cluster.servers[0].rootDirectory);
    await using cached = await serve(cluster);
    await using uncached = await serve(cluster, "--cache-size", "0", "--cache-ttl", "600");
    const script = pathsScript(cluster.directory, PATHS);
    const rate = (url: string) => async () => faultlessRate(await wrk(url, { ...LOAD, script }));
    const download = (url: string) => async () => 1 / (await secondsOf([program("curl"), "-sSfo", "/dev/null", url]));
    const toNginx = async (measure: (url: string) => () => Promise<number>, url: string, path = "") =>
      compare(await sideBySide(measure(url + path), measure(nginx.url + path), ROUNDS, Number), Number);
    await rate(cached.url)();
    await rate(uncached.url)();
    return [
      row("4 KB files uncached, requests/s", await toNginx(rate, uncached.url), SMALL_LOCAL_TO_FUSE, 3),
      row("4 KB files cached, requests/s", await toNginx(rate, cached.url), SMALL_LOCAL_TO_FUSE, 200),
      row("100 MB file, rate", await toNginx(download, cached.url, LARGE), LARGE_LOCAL_TO_FUSE, 5),
    ];
  },
};

function row(what: string, { ratio, low, high }: Comparison, localToFuse: number, limit: number): Row {
  const times = ratio * localToFuse;
  return {
    what: `${what}, to nginx over chirp_fuse (${digits(ratio * 100)} % of nginx on local disk)`,
    measured: `${digits(times)} ×`,
    spread: `${digits(low * localToFuse)} – ${digits(high * localToFuse)}`,
    rpcs: "",
    reach: atLeast(times, limit),
  };
}
