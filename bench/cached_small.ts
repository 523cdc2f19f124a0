/** A 4 KB file from memory, against nginx from local disk: requests/s and p99, one busy thread each. */
import { startNginx } from "./harness/nginx.ts";
import { atLeast, atMost, type Question, ratioCells, type Row } from "./harness/question.ts";
import { compare, type Pair, sideBySide } from "./harness/side_by_side.ts";
import { countRpcs, describeRpcs, forgetRpcs, plantFiles, serve, startSite } from "./harness/site.ts";
import { wrk, type WrkResult } from "./harness/wrk.ts";

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
      const load = (url: string, headers: readonly string[] = []) => wrk(url + PATH, { ...LOAD, headers });
      await load(web.url);
      await forgetRpcs(cluster);
      const began = performance.now();
      const pairs = await measure(
        () => load(web.url),
        () => load(nginx.url),
      );
      const seconds = Math.round((performance.now() - began) / 1000);
      const rpcs = `${describeRpcs(await countRpcs(cluster))} for ${total(pairs)} requests in ${seconds} s`;
      const rate = compare(pairs, ratePerSecond);
      const p99 = compare(pairs, ({ p99Ms }) => p99Ms);
      rows.push(
        { what: "cached 4 KB file, requests/s, to nginx", ...ratioCells(rate), rpcs, reach: atLeast(rate.ratio, 1) },
        { what: "the same, p99, wrk -c32", ...ratioCells(p99), rpcs: "", reach: atMost(p99.ratio, 1.2) },
      );
      const browsers = await measure(
        () => load(web.url, browserHeaders),
        () => load(nginx.url, browserHeaders),
      );
      rows.push({
        what: "the same with a browser's 8 headers, requests/s",
        ...ratioCells(compare(browsers, ratePerSecond)),
        rpcs: "",
        reach: null,
      });
    }
    await using nginx = await startNginx(root, { log: true });
    await using web = await serve(cluster, "--access-log", "combined");
    const pairs = await measure(
      () => wrk(web.url + PATH, LOAD),
      () => wrk(nginx.url + PATH, LOAD),
    );
    rows.push({
      what: "the same, both writing an access log, requests/s",
      ...ratioCells(compare(pairs, ratePerSecond)),
      rpcs: "",
      reach: null,
    });
    return rows;
  },
};

function measure(
  ours: () => Promise<WrkResult>,
  theirs: () => Promise<WrkResult>,
): Promise<readonly Pair<WrkResult>[]> {
  return sideBySide(ours, theirs, ROUNDS, ratePerSecond);
}

function ratePerSecond({ requestsPerSecond, failures }: WrkResult): number {
  if (failures > 0) throw new Error(`${failures} requests failed`);
  return requestsPerSecond;
}

function total(pairs: readonly Pair<WrkResult>[]): number {
  return pairs.reduce((sum, [ours]) => sum + ours.requests, 0);
}
