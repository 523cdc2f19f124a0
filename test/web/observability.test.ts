/** Logs, metrics and the status page: every line parses, everything adds up, nothing a visitor sends does harm. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startCluster, type Cluster } from "../helpers/cluster.ts";
import { exchange } from "../helpers/raw_http.ts";
import { run } from "../helpers/run.ts";
import { startWebServer, type WebServer } from "../helpers/web_server.ts";
import { waitUntil } from "../sync/wait.ts";

setDefaultTimeout(60_000);

const mtime = 1_700_000_000;
const hasPromtool = Bun.which("promtool") !== null;

/** Requests as they are sent, and the status of each. `{etag}` is that of /file.txt. */
const requests: readonly (readonly [request: string, status: number, times: number])[] = [
  ["GET /file.txt HTTP/1.1\r\n", 200, 20],
  ["HEAD /file.txt HTTP/1.1\r\n", 200, 3],
  ["GET /file.txt HTTP/1.1\r\nIf-None-Match: {etag}\r\n", 304, 4],
  ["GET /file.txt HTTP/1.1\r\nRange: bytes=0-1\r\n", 206, 5],
  ["GET /file.txt HTTP/1.1\r\nRange: bytes=99-\r\n", 416, 1],
  ['GET /file.txt HTTP/1.1\r\nIf-Match: "x"\r\n', 412, 1],
  ["GET /dir HTTP/1.1\r\n", 301, 2],
  ["GET /nothing HTTP/1.1\r\n", 404, 6],
  ["GET /denied/x HTTP/1.1\r\n", 403, 2],
  ["GET /%00 HTTP/1.1\r\n", 400, 2],
  ["GET /../x HTTP/1.1\r\n", 400, 3],
  ["POST /file.txt HTTP/1.1\r\nContent-Length: 0\r\n", 405, 2],
  ["PROPFIND / HTTP/1.1\r\n", 501, 1],
  ["OPTIONS / HTTP/1.1\r\n", 204, 1],
  // Nothing of these may end a line, forge one, or reach a terminal.
  ["GET /%22%3E%3Cscript%3E%0A%0D%1B[31m HTTP/1.1\r\n", 404, 1],
  ["GET /\"<script>'\\ HTTP/1.1\r\n", 404, 1],
  ['GET /nothing?a="b" HTTP/1.1\r\nUser-Agent: "quoted" \\ \xff\xfe <script>\r\nReferer: " 200 5 "forged\r\n', 404, 1],
  ["GET /nothing HTTP/1.1\r\nUser-Agent: \xe2\x80\xa8line \xc2\x9b31m\ttab\r\n", 404, 1],
];
const total = requests.reduce((sum, [, , times]) => sum + times, 0);

const byStatus = new Map<number, number>();
for (const [, status, times] of requests) byStatus.set(status, (byStatus.get(status) ?? 0) + times);

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ servers: 2 });
  for (const server of cluster.servers) {
    server.plant("/file.txt", "hello", { mtime });
    server.plant("/dir/index.html", "dir", { mtime });
    server.plant("/denied/x", "secret", { mtime });
    server.plantDirectory("/denied", { acl: [] });
  }
});

afterAll(() => cluster?.[Symbol.asyncDispose]());

async function start(...options: readonly string[]): Promise<WebServer> {
  const web = await startWebServer(["--servers", cluster.serversFile, "--admin", "127.0.0.1:0", ...options]);
  await waitUntil("its servers are well", () =>
    cluster.hosts.every((host) => web.stderr().includes(`${host} is well`)),
  );
  return web;
}

async function send({ port }: WebServer, request: string): Promise<number> {
  const method = request.slice(0, request.indexOf(" "));
  const text = `${request}Host: localhost\r\nConnection: close\r\n\r\n`;
  const { responses } = await exchange(text, { port, methods: [method] });
  return responses[0]?.status ?? 0;
}

async function sendAll(web: WebServer): Promise<void> {
  const etag = (await fetch(`http://127.0.0.1:${web.port}/file.txt`, { method: "HEAD" })).headers.get("etag")!;
  for (const [request, status, times] of requests) {
    for (let time = 0; time < times; time++) {
      expect([request, await send(web, request.replace("{etag}", etag))]).toEqual([request, status]);
    }
  }
}

/** The lines of the log, when there are so many. */
async function logLines(web: WebServer, count: number): Promise<string[]> {
  const lines = () => web.stdout().split("\n").slice(0, -1);
  await waitUntil(`${count} lines`, () => lines().length >= count);
  return lines();
}

async function metricsOf({ adminPort }: WebServer): Promise<{ text: string; sum: (name: string) => number }> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const text = await response.text();
  const sum = (name: string) =>
    text
      .split("\n")
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  return { text, sum };
}

describe.each([["bun"], ["node"]])("--front %s", (front) => {
  test("the JSON log: a line for each request, each of them parses and tells the truth", async () => {
    await using web = await start("--front", front, "--access-log", "json");
    await sendAll(web);
    const records = (await logLines(web, total + 1)).map((line) => {
      expect(line).toMatch(/^[\x20-\x7e\xa0-\u2027\u202a-\uffff]+$/);
      return JSON.parse(line) as Record<string, unknown>;
    });
    // The first one was ours, for the ETag.
    expect(records).toHaveLength(total + 1);
    const counted = new Map<number, number>();
    for (const record of records.slice(1)) {
      counted.set(record["status"] as number, (counted.get(record["status"] as number) ?? 0) + 1);
      expect(record["client"]).toBe("127.0.0.1");
      expect(Number.isNaN(Date.parse(record["time"] as string))).toBe(false);
      if (record["status"] === 200) {
        expect(cluster.hosts).toContain(record["server"] as string);
        expect(record["cache"]).toMatch(/^(?:hit|miss)$/);
        expect((record["rpcs"] as number) > 0).toBe(record["cache"] === "miss");
      }
      if (record["status"] === 400) expect(record["server"]).toBeNull();
    }
    expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(byStatus));
    const rpcs = records.reduce((sum, record) => sum + (record["rpcs"] as number), 0);
    const { sum } = await metricsOf(web);
    // Those of the trials (whoami, one for each server) belong to no request.
    expect(sum("chirp_site_server_rpcs_total") - rpcs).toBe(cluster.hosts.length);
  });

  test("the combined log: as Apache and nginx write it", async () => {
    await using web = await start("--front", front);
    await sendAll(web);
    const lines = await logLines(web, total + 1);
    expect(lines).toHaveLength(total + 1);
    const field = String.raw`(?:[ !#-\[\]-~]|\\x[0-9A-F]{2})*`;
    const time = String.raw`\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}`;
    const pattern = `^127\\.0\\.0\\.1 - - \\[${time}\\] "[A-Z]+ ${field} HTTP/1\\.1" \\d{3} \\d+ "${field}" "${field}"$`;
    for (const line of lines) expect(line).toMatch(new RegExp(pattern));
  });

  test("the counters add up with the requests sent", async () => {
    await using web = await start("--front", front, "--access-log", "off");
    await sendAll(web);
    const { text, sum } = await metricsOf(web);
    for (const [status, times] of byStatus) {
      const mine = status === 200 ? 1 : 0;
      expect([status, sum(`chirp_site_requests_total{status="${status}"}`)]).toEqual([status, times + mine]);
    }
    expect(sum("chirp_site_requests_total")).toBe(total + 1);
    expect(sum("chirp_site_response_seconds_count")).toBe(total + 1);
    // GETs of the file, ranges of two bytes, and pages of ours, whose size is theirs.
    expect(sum("chirp_site_response_bytes_total")).toBeGreaterThan(20 * 5 + 5 * 2 + 6 * 500);
    expect(sum("chirp_site_unfinished_requests")).toBe(0);
    expect(sum("chirp_site_resets_total")).toBe(0);
    expect(text).toMatch(/^chirp_site_server_state\{server="127\.0\.0\.1:\d+",state="well"\} 1$/m);
  });
});

test.skipIf(!hasPromtool)("promtool finds nothing wrong with the metrics", async () => {
  await using web = await start("--access-log", "off", "--compress");
  await sendAll(web);
  const { text } = await metricsOf(web);
  const file = `${cluster.directory}/metrics.txt`;
  await Bun.write(file, text);
  const { exitCode, stdout, stderr } = await run(["sh", "-c", `promtool check metrics < '${file}'`]);
  expect({ exitCode, said: stdout + stderr }).toEqual({ exitCode: 0, said: "" });
});
if (!hasPromtool) console.log("skipped: promtool is not here (Debian package prometheus)");

describe("the admin listener", () => {
  const admin = async ({ adminPort }: WebServer, path: string, init?: RequestInit) =>
    await fetch(`http://127.0.0.1:${adminPort}${path}`, init);

  test("health and readiness", async () => {
    await using web = await start("--access-log", "off");
    expect((await admin(web, "/healthz")).status).toBe(200);
    expect((await admin(web, "/readyz")).status).toBe(200);
    expect((await admin(web, "/nothing")).status).toBe(404);
    expect((await admin(web, "/", { method: "POST" })).status).toBe(405);
    // As load balancers ask that know nothing newer.
    for (const [path, status] of [
      ["/healthz", 200],
      ["/readyz", 200],
      ["/nothing", 404],
    ] as const) {
      const { responses } = await exchange(`GET ${path} HTTP/1.0\r\n\r\n`, { port: web.adminPort! });
      expect([path, responses[0]?.status]).toEqual([path, status]);
    }
    const head = await admin(web, "/readyz", { method: "HEAD" });
    expect([head.status, await head.text(), head.headers.get("date") !== null]).toEqual([200, "", true]);
    await Promise.all(cluster.servers.map((server) => server.kill()));
    await waitUntil("not ready", async () => (await admin(web, "/readyz")).status === 503);
    expect((await admin(web, "/healthz")).status).toBe(200);
    await cluster.servers[0].restart();
    await waitUntil("ready", async () => (await admin(web, "/readyz")).status === 200);
    await cluster.servers[1]!.restart();
  });

  test("a comparison names what differs, and nothing in a name does harm", async () => {
    cluster.servers[0].plant(`/dir/<script>alert("1")<x>\x1b[31m.txt`, "x");
    cluster.servers[0].plant("/dir/caf\u00e9.txt", "x");
    cluster.servers[1]!.plant("/file.txt", "HELLO", { mtime: mtime + 1 });
    await using web = await start("--access-log", "off");
    const compare = await admin(web, "/?compare", { redirect: "manual" });
    expect([compare.status, compare.headers.get("location")]).toEqual([303, "/"]);
    const page = await (await admin(web, "/")).text();
    expect(page.includes(String.raw`/dir/&lt;script&gt;alert(&quot;1&quot;)&lt;x&gt;\x1b[31m.txt`)).toBe(true);
    expect(/<script>alert|\x1b/.test(page)).toBe(false);
    const status = (await (await admin(web, "/status.json")).json()) as {
      differences: { replicas: { server: string; missing: number; changed: number; examples: string[] }[] };
    };
    const [replica] = status.differences.replicas;
    expect(replica).toMatchObject({ server: cluster.hosts[1]!, changed: 1, missing: 2, unlisted: 1, error: null });
    expect(replica!.examples).toContain("/dir/café.txt");
  });
});

test("--rate-limit: 429 above it, which is counted and logged like everything else", async () => {
  await using web = await start("--rate-limit", "5", "--access-log", "json");
  const statuses = await Promise.all(
    Array.from({ length: 40 }, async () => (await fetch(`http://127.0.0.1:${web.port}/file.txt`)).status),
  );
  const refused = statuses.filter((status) => status === 429).length;
  // A burst of twice as many, and what comes in while forty requests are sent.
  expect(refused).toBeGreaterThan(10);
  expect(40 - refused).toBeGreaterThanOrEqual(10);
  const lines = await logLines(web, 40);
  expect(lines.filter((line) => JSON.parse(line).status === 429)).toHaveLength(refused);
  const { sum } = await metricsOf(web);
  expect(sum('chirp_site_requests_total{status="429"}')).toBe(refused);
  await waitUntil("a token is there again", async () => (await fetch(`http://127.0.0.1:${web.port}/file.txt`)).ok);
});

test("--trusted-proxy: log and rate limit go by whom the proxy names", async () => {
  await using web = await start("--rate-limit", "2", "--access-log", "json", "--trusted-proxy", "127.0.0.1");
  const ask = async (client: string) => {
    const headers = { "X-Forwarded-For": `6.6.6.6, ${client}` };
    return (await fetch(`http://127.0.0.1:${web.port}/file.txt`, { headers })).status;
  };
  const statuses = await Promise.all(Array.from({ length: 12 }, async () => await ask("192.0.2.1")));
  expect(statuses).toContain(429);
  expect(await ask("192.0.2.2")).toBe(200);
  const lines = await logLines(web, 13);
  expect(new Set(lines.map((line) => JSON.parse(line).client))).toEqual(new Set(["192.0.2.1", "192.0.2.2"]));
});
