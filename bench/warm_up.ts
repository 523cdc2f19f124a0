/** A site of 1,000 files in 50 directories: what it costs to learn all of it, and what unchanged files cost afterwards. */
import { atMost, type Question } from "./harness/question.ts";
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

const SERVERS = 3;
const TURNS = 10;
/** Longer than this takes: within it, what is known counts as fresh. */
const TTL_SECONDS = 600;

export interface WarmUp {
  /** RPCs of the first `turns` requests for each file, over all servers. */
  readonly first: Readonly<Record<string, number>>;
  /** The most listings that one server was asked for. */
  readonly listingsPerServer: number;
  /** RPCs of as many requests again. */
  readonly again: Readonly<Record<string, number>>;
}

export async function countWarmUp(size: SiteSize, servers: number, turns: number): Promise<WarmUp> {
  const paths = sitePaths(size);
  await using cluster = await startSite(servers, (server) => plantFiles(server, paths, 4096));
  await using web = await serve(cluster, "--cache-ttl", String(TTL_SECONDS));
  const urls = Array.from({ length: turns }, () => paths.map((path) => web.url + path)).flat();
  const first = await rpcsOf(cluster, () => fetchAll(urls));
  const each = await Promise.all(cluster.servers.map((server) => server.countRpcs()));
  const listingsPerServer = Math.max(...each.map((counts) => counts["getlongdir"] ?? 0));
  return { first, listingsPerServer, again: await rpcsOf(cluster, () => fetchAll(urls)) };
}

export const warmUp: Question = {
  name: "warm_up",
  programs: [],
  async ask() {
    const { files, directories } = USUAL_SIZE;
    const { first, listingsPerServer } = await countWarmUp(USUAL_SIZE, SERVERS, TURNS);
    // Of several servers each has its copy read once, when chance first comes to it: after ten turns some are still to come.
    const { again } = await countWarmUp(USUAL_SIZE, 1, TURNS);
    return [
      {
        what: `${files} files in ${directories} directories, each asked for ${TURNS} times within one TTL: listings per server`,
        measured: String(listingsPerServer),
        spread: "exact",
        rpcs: `${describeRpcs(first)} for ${TURNS * files} requests, all ${SERVERS} servers together`,
        reach: atMost(listingsPerServer, directories),
      },
      {
        what: "the same files, all of one server, once more within that TTL: RPCs",
        measured: String(sum(again)),
        spread: "exact",
        rpcs: `for ${TURNS * files} requests`,
        reach: atMost(sum(again), 0),
      },
    ];
  },
};
