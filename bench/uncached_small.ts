/** 4 KB files that no memory holds: what each request costs the servers, and how fast that is beside libchirp alone. */
import type { Cluster } from "../test/helpers/cluster.ts";
import { getfileLoop } from "./harness/programs.ts";
import { atLeast, atMost, digits, type Question, ratioCells } from "./harness/question.ts";
import { compare, sideBySide } from "./harness/side_by_side.ts";
import { describeRpcs, fetchAll, plantFiles, rpcsOf, serve, sitePaths, startSite } from "./harness/site.ts";
import { pathsScript, wrk } from "./harness/wrk.ts";

const PATHS = sitePaths(1_000, 50);
const BYTES = 4096;
/** As many as the web server's lanes have workers: three for each of three servers. */
const CHIRP_CONNECTIONS = 9;
const SECONDS = 4;
const ROUNDS = { min: 5, max: 11 };

/** RPCs of one request for each path, after the listings have been learnt. */
async function countUncached(cluster: Cluster, url: string): Promise<Record<string, number>> {
  const urls = PATHS.map((path) => url + path);
  // A directory is listed by each server when a request first comes to it there.
  for (let turn = 0; turn < 3; turn++) await fetchAll(urls);
  return await rpcsOf(cluster, () => fetchAll(urls));
}

export const uncachedSmall: Question = {
  name: "uncached_small",
  programs: ["wrk", "make", "cc"],
  async ask() {
    await using cluster = await startSite(3, (server) => plantFiles(server, PATHS, BYTES));
    const script = pathsScript(cluster.directory, PATHS);
    // Listings are kept for longer than this takes, so that what is compared is one getfile a request on both sides.
    await using web = await serve(cluster, "--cache-size", "0", "--cache-ttl", "600");
    const load = { connections: 32, seconds: SECONDS, script };
    const counts = await countUncached(cluster, web.url);
    const perRequest = (counts["getfile"] ?? 0) / PATHS.length;
    const pairs = await sideBySide(
      async () => (await wrk(web.url, load)).requestsPerSecond,
      async () => (await getfileLoop(CHIRP_CONNECTIONS, SECONDS, cluster.hosts, PATHS)).requestsPerSecond,
      ROUNDS,
      Number,
    );
    const rate = compare(pairs, Number);
    return [
      {
        what: "uncached 4 KB file: RPCs per request",
        measured: digits(perRequest),
        spread: "exact",
        rpcs: `${describeRpcs(counts)} for ${PATHS.length} requests, once the listings are known`,
        reach: atMost(perRequest, 1),
      },
      {
        what: `the same, requests/s, to a getfile loop in C on libchirp with as many connections (${CHIRP_CONNECTIONS})`,
        ...ratioCells(rate),
        rpcs: "one getfile a request on both sides",
        reach: atLeast(rate.ratio, 0.9),
      },
    ];
  },
};
