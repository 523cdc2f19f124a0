/** A site of 1,000 files in 50 directories: what it costs to learn all of it, and what unchanged files cost afterwards. */
import { atMost, type Question } from "./harness/question.ts";
import {
  countRpcs,
  describeRpcs,
  fetchAll,
  forgetRpcs,
  plantFiles,
  serve,
  sitePaths,
  startSite,
} from "./harness/site.ts";

const FILES = 1_000;
const DIRECTORIES = 50;
const SERVERS = 3;
/** Longer than this takes: within it, what is known counts as fresh. */
const TTL_SECONDS = 600;

export interface WarmUp {
  /** RPCs of the first ten requests for each file, over all servers. */
  readonly first: Readonly<Record<string, number>>;
  /** The most listings that one server was asked for. */
  readonly listingsPerServer: number;
  /** RPCs of ten more requests for each. */
  readonly again: Readonly<Record<string, number>>;
}

/** `turns`: how often each file is asked for, first and again. */
export async function countWarmUp(turns: number): Promise<WarmUp> {
  const paths = sitePaths(FILES, DIRECTORIES);
  await using cluster = await startSite(SERVERS, (server) => plantFiles(server, paths, 4096));
  await using web = await serve(cluster, "--cache-ttl", String(TTL_SECONDS));
  const urls = Array.from({ length: turns }, () => paths.map((path) => web.url + path)).flat();
  await forgetRpcs(cluster);
  await fetchAll(urls);
  const first = await countRpcs(cluster);
  const each = await Promise.all(cluster.servers.map((server) => server.countRpcs()));
  const listingsPerServer = Math.max(...each.map((counts) => counts["getlongdir"] ?? 0));
  await fetchAll(paths.map((path) => web.url + path));
  await forgetRpcs(cluster);
  await fetchAll(urls);
  return { first, listingsPerServer, again: await countRpcs(cluster) };
}

export const warmUp: Question = {
  name: "warm_up",
  programs: [],
  async ask() {
    const { first, listingsPerServer } = await countWarmUp(10);
    return [
      {
        what: `${FILES} files in ${DIRECTORIES} directories, each asked for 10 times within one TTL: listings per server`,
        measured: String(listingsPerServer),
        spread: "exact",
        rpcs: `${describeRpcs(first)} for ${10 * FILES} requests, all ${SERVERS} servers together`,
        reach: atMost(listingsPerServer, DIRECTORIES),
      },
    ];
  },
};
