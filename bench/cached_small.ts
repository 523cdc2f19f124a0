/** A 4 KB file from memory, against nginx from local disk: requests/s and p99, one busy thread each. */
import { cpuSeconds } from "./harness/cpu_time.ts";
import { startNginx } from "./harness/nginx.ts";
import { atLeast, atMost, digits, type Question, ratioCells, type Row } from "./harness/question.ts";
import { compare, type Pair, quantile, sideBySide } from "./harness/side_by_side.ts";
import { countRpcs, describeRpcs, forgetRpcs, plantFiles, serve, startSite } from "./harness/site.ts";
import { faultlessRate, wrk, type WrkResult } from "./harness/wrk.ts";

const PATH = "/d0/f0.html";
const BYTES = 4096;
const ROUNDS = { min: 7, max: 15 };
const LOAD = { connections: 32, seconds: 2 };

/** What a browser sends besides the Host. */
const browserHeaders = [
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language: en-US,en;q=0.5",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Referer: http://127.0.0.1/",
  "Sec-Fetch-Dest: document",
  "Sec-Fetch-Mode: navigate",
  "Priority: u=0, i",
];

export const cachedSmall: Question = {
  name: "cached_small",
  programs: ["nginx", "wrk"],
  async ask() {
    await using cluster = await startSite(3, (server) => plantFiles(server, [PATH], BYTES));
    const root = cluster.servers[0].rootDirectory;
    const rows: Row[] = [];
    {
      await using nginx = await startNginx(root);
      await using web = await serve(cluster);
      await load(web);
      await forgetRpcs(cluster);
      const began = performance.now();
      const pairs = await measure(
        () => load(web),
        () => load(nginx),
      );
      const seconds = Math.round((performance.now() - began) / 1000);
      const rpcs = `${describeRpcs(await countRpcs(cluster))} for ${total(pairs)} requests in ${seconds} s`;
      const rate = compare(pairs, faultlessRate);
      const p99 = compare(pairs, ({ p99Ms }) => p99Ms);
      rows.push(
        { what: "cached 4 KB file, requests/s, to nginx", ...ratioCells(rate), rpcs, reach: atLeast(rate.ratio, 1) },
        {
          what: `the same, CPU time a request, ours ${digits(median(pairs, 0))} µs, nginx's ${digits(median(pairs, 1))} µs`,
          ...ratioCells(compare(pairs, ({ cpuMicroseconds }) => cpuMicroseconds)),
          rpcs: "",
          reach: null,
        },
        { what: "the same, p99, wrk -c32", ...ratioCells(p99), rpcs: "", reach: atMost(p99.ratio, 1.2) },
      );
      const browsers = await measure(
        () => load(web, browserHeaders),
        () => load(nginx, browserHeaders),
      );
      rows.push({
        what: "the same with a browser's 8 headers, requests/s",
        ...ratioCells(compare(browsers, faultlessRate)),
        rpcs: "",
        reach: null,
      });
    }
    await using nginx = await startNginx(root, { log: true });
    await using web = await serve(cluster, "--access-log", "combined");
    const pairs = await measure(
      () => load(web),
      () => load(nginx),
    );
    rows.push({
      what: "the same, both writing an access log, requests/s",
      ...ratioCells(compare(pairs, faultlessRate)),
      rpcs: "",
      reach: null,
    });
    return rows;
  },
};

interface Server {
  readonly url: string;
  readonly pid: number;
}

interface LoadResult extends WrkResult {
  /** Of the serving process, user and system, a request. */
  readonly cpuMicroseconds: number;
}

async function load({ url, pid }: Server, headers: readonly string[] = []): Promise<LoadResult> {
  const before = cpuSeconds(pid);
  const result = await wrk(url + PATH, { ...LOAD, headers });
  return { ...result, cpuMicroseconds: ((cpuSeconds(pid) - before) / result.requests) * 1e6 };
}

function measure(
  ours: () => Promise<LoadResult>,
  theirs: () => Promise<LoadResult>,
): Promise<readonly Pair<LoadResult>[]> {
  return sideBySide(ours, theirs, ROUNDS, faultlessRate);
}

function median(pairs: readonly Pair<LoadResult>[], side: 0 | 1): number {
  const times = pairs.map((pair) => pair[side].cpuMicroseconds);
  return quantile(times, 0.5);
}

function total(pairs: readonly Pair<LoadResult>[]): number {
  return pairs.reduce((sum, [ours]) => sum + ours.requests, 0);
}
