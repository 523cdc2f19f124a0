/** The web server against the HTTP standards and docs/web-server.md, over raw sockets, with real Chirp servers behind it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ConformanceCase, get, judge } from "./conformance/case.ts";
import { directoryCases, listingCases, nameCases, pathCases } from "./conformance/paths.ts";
import { framingCases, headerCases, hostCases, methodCases, targetCases } from "./conformance/requests.ts";
import { conditionCases, encodingCases, rangeCases, typeCases } from "./conformance/selection.ts";
import { plantSite } from "./conformance/site.ts";
import { type Cluster, startCluster } from "./helpers/cluster.ts";
import { exchange } from "./helpers/raw_http.ts";
import { startWebServer, type WebServer } from "./helpers/web_server.ts";

const groups: Readonly<Record<string, readonly ConformanceCase[]>> = {
  methods: methodCases,
  Host: hostCases,
  targets: targetCases,
  headers: headerCases,
  framing: framingCases,
  names: nameCases,
  paths: pathCases,
  directories: directoryCases,
  listings: listingCases,
  conditions: conditionCases,
  ranges: rangeCases,
  types: typeCases,
  encodings: encodingCases,
};
const total = Object.values(groups).flat().length;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ servers: 2 });
  await plantSite(cluster);
});

afterAll(() => cluster?.[Symbol.asyncDispose]());

describe.each([["bun"], ["node"]] as const)("--front %s", (front) => {
  let plain: WebServer;
  let autoindex: WebServer;
  let etag: string;
  let passed = 0;

  beforeAll(async () => {
    const options = ["--servers", cluster.serversFile, "--access-log", "off", "--front", front];
    [plain, autoindex] = await Promise.all([startWebServer(options), startWebServer([...options, "--autoindex"])]);
    const { responses } = await exchange(get("/file.txt"), { port: plain.port });
    etag = responses[0]?.header("etag") ?? "no ETag";
  });

  afterAll(async () => {
    await Promise.all([plain, autoindex].map((server) => server?.[Symbol.asyncDispose]()));
    console.log(`conformance${front === "bun" ? "" : ` of --front ${front}`}: ${passed} of ${total} cases`);
  });

  describe.each(Object.entries(groups))("%s", (_, cases) => {
    test.each(cases.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
      const { port } = one.autoindex === true ? autoindex : plain;
      expect(await judge(one, { port, etag, front })).toEqual([]);
      passed++;
    });
  });
});
