/** 4 KB files that no memory holds: what each request costs the servers, and how fast that is beside libchirp alone. */
import type { Cluster } from "../test/helpers/cluster.ts";
import { getfileLoop } from "./harness/programs.ts";
import { atLeast, atMost, digits, type Question, ratioCells } from "./harness/question.ts";
import { compare, sideBySide } from "./harness/side_by_side.ts";
import {
  describeRpcs,
  fetchAll,
  plantFiles,
  rpcsOf,
  serve,
  sitePaths,
  type SiteSize,
  startSite,
  sum,
  USUAL_SIZE,
} from "./harness/site.ts";
import { faultlessRate, pathsScript, wrk } from "./harness/wrk.ts";

const BYTES = 4096;
/** As many as the web server's lanes have workers: three for each of three servers. */
const CHIRP_CONNECTIONS = 9;
const SECONDS = 4;
const ROUNDS = { min: 5, max: 11 };

function plantedSite(paths: readonly string[]): Promise<Cluster> {
  return startSite(3, (server) => plantFiles(server, paths, BYTES));
}

/** Listings are kept for longer than this takes, so that what is counted and compared is one getfile a request. */
function serveUncached(cluster: Cluster) {
  return serve(cluster, "--cache-size", "0", "--cache-ttl", "600");
}

/** RPCs of one request for each path, after the listings have been learnt. */
export async function countUncached(size: SiteSize): Promise<Readonly<Record<string, number>>> {
  const paths = sitePaths(size);
  await using cluster = await plantedSite(paths);
  await using web = await serveUncached(cluster);
  const urls = paths.map((path) => web.url + path);
  // Each server lists a directory when a request first comes to it there: so many make sure of that.
  for (let turn = 0; turn < 2; turn++) await fetchAll(urls);
  return await rpcsOf(cluster, () => fetchAll(urls));
}

export const uncachedSmall: Question = {
  name: "uncached_small",
  programs: ["wrk", "make", "cc"],
  async ask() {
    const counts = await countUncached(USUAL_SIZE);
    const requests = USUAL_SIZE.files;
    const perRequest = sum(counts) / requests;
    const paths = sitePaths(USUAL_SIZE);
    await using cluster = await plantedSite(paths);
    await using web = await serveUncached(cluster);
    const load = { connections: 32, seconds: SECONDS, script: pathsScript(cluster.directory, paths) };
    await wrk(web.url, load);
    const pairs = await sideBySide(
      async () => faultlessRate(await wrk(web.url, load)),
      async () => (await getfileLoop(CHIRP_CONNECTIONS, SECONDS, cluster.hosts, paths)).requestsPerSecond,
      ROUNDS,
      Number,
    );
    const rate = compare(pairs, Number);
    return [
      {
        what: "uncached 4 KB file: RPCs per request",
        measured: digits(perRequest),
        spread: "exact",
        rpcs: `${describeRpcs(counts)} for ${requests} requests, once the listings are known`,
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
