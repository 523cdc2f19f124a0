/** Random load, random faults and random edits, all at once, for a while; and what came of it. */
import { existsSync, readFileSync } from "node:fs";
import { startCluster, type TestServer } from "../helpers/cluster.ts";
import { createSeededRandom } from "../helpers/seeded_random.ts";
import { startWebServer } from "../helpers/web_server.ts";
import { type FaultCounts, startFaultInjector } from "./fault_injector.ts";
import { finalProblems } from "./final_state.ts";
import { type Asked, createJudge, type Verdict } from "./judge.ts";
import { type Page, retireVersions } from "./page_history.ts";
import { type ProcessSample, watchProcess } from "./process_watch.ts";
import { createSiteEditor, siteRoot } from "./site_editor.ts";
import { startSynchroniser } from "./synchroniser.ts";
import { visit } from "./visitor.ts";

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Told of faults and of what is wrong, as it happens. */
  readonly log: (line: string) => void;
  readonly stop: AbortSignal;
}

export interface SoakReport {
  readonly seconds: number;
  readonly seed: number;
  readonly requests: number;
  readonly bytes: number;
  readonly statuses: ReadonlyMap<number, number>;
  /** Bodies that nobody could finish since the replicas had different versions just then. */
  readonly allowedResets: number;
  readonly edits: number;
  readonly cycles: number;
  readonly copied: number;
  readonly syncExits: ReadonlyMap<number, number>;
  readonly faults: Readonly<FaultCounts>;
  readonly slowestMs: number;
  readonly webSamples: readonly ProcessSample[];
  readonly syncSamples: readonly ProcessSample[];
  /** Of the web server's own metrics. */
  readonly switches: number;
  readonly retried: number;
  readonly hedges: number;
  /** All that was wrong, one line each. */
  readonly problems: readonly string[];
}

/**
 * How a replica's part of a cycle may end when servers are killed and stopped. Not: an empty or missing source, a full disk, deletions
 * withheld, or a lock that another run holds (33), which would be a cycle that met the one before.
 */
const SYNC_EXITS: readonly number[] = [0, 5, 20, 23, 24, 30];
const CLIENTS = 8;
const EDIT_PAUSE_MS = [100, 700] as const;
/** Worth a line in the log. */
const SLOW_MS = 2_000;
const PROBLEMS_MAX = 50;
/** Below the size of the largest pages, so that these are streamed, and servers die in the middle of bodies. */
const WEB_OPTIONS = [
  "--root",
  siteRoot,
  "--buffer-limit",
  "16MiB",
  "--cache-size",
  "64MiB",
  "--access-log",
  "off",
  "--debug-headers",
];

export async function runSoak({ seconds, seed, log, stop }: SoakOptions): Promise<SoakReport> {
  const random = createSeededRandom(seed);
  const fork = () => createSeededRandom(random.int(0, 2 ** 31 - 1));
  await using master = await startCluster({ servers: 1 });
  await using replicas = await startCluster({ servers: 3 });
  const editor = createSiteEditor(master.servers[0], fork());
  const { pages } = editor;
  const problems: string[] = [];
  const problem = (text: string) => {
    problems.push(text);
    if (problems.length <= PROBLEMS_MAX) log(`PROBLEM ${text}`);
  };

  const cleanSince = new Map<string, number>();
  const firstCopy = Promise.withResolvers<void>();
  const synchroniser = startSynchroniser({
    source: master.hosts[0]!,
    targets: replicas.hosts,
    directory: siteRoot,
    onCycle: (clean, beganAfter) => {
      log(`synchronised since ${Math.round(beganAfter)}: ${clean.join(" ")}`);
      for (const host of clean) cleanSince.set(host, beganAfter);
      if (cleanSince.size < replicas.hosts.length) return;
      retireVersions(pages, Math.min(...cleanSince.values()), performance.now());
      firstCopy.resolve();
    },
  });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(async () => void (await synchroniser.stop()));
  await withLimit("the first copy of the site", firstCopy.promise);
  await using web = await startWebServer(["--servers", replicas.serversFile, ...WEB_OPTIONS, "--admin", "127.0.0.1:0"]);

  const statuses = new Map<number, number>();
  const report = { requests: 0, bytes: 0, allowedResets: 0, slowestMs: 0 };
  const onVerdict = (asked: Asked, verdict: Verdict) => {
    report.requests++;
    if (asked.request.bytesPerMs === undefined) {
      const ms = asked.to - asked.from;
      report.slowestMs = Math.max(report.slowestMs, ms);
      if (ms > SLOW_MS) log(`SLOW ${describe(asked, verdict.kind, "")}`);
    }
    if (verdict.kind === "allowedReset") report.allowedResets++;
    if (verdict.kind === "right") {
      statuses.set(verdict.status, (statuses.get(verdict.status) ?? 0) + 1);
      report.bytes += verdict.bytes;
    }
    if (verdict.kind === "wrong") {
      const held = replicas.servers.map((server) => `${server.host} has ${versionOnDisk(server, asked.page)}`);
      const times = asked.page.versions.map(
        ({ number, bornAt, goneAt }) => `v${number} ${Math.round(bornAt)}..${Math.round(goneAt)}`,
      );
      const facts = `now ${held.join(", ")}; ${times.slice(-5).join(", ")}`;
      problem(`${describe(asked, verdict.finding, verdict.detail)}; ${facts}`);
    }
  };

  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), seconds * 1000);
  stop.addEventListener("abort", () => ending.abort(), { once: true });
  const over = ending.signal;
  const judge = createJudge();
  const webWatch = watchProcess(web.pid);
  const syncWatch = watchProcess(synchroniser.pid);
  const startedAt = performance.now();
  const injector = startFaultInjector({ servers: replicas.servers, random: fork(), log, stop: over });
  const visitors = Array.from({ length: CLIENTS }, () =>
    visit({ port: web.port, pages, random: fork(), judge, onVerdict, stop: over }),
  );
  await Promise.all([
    ...visitors,
    injector.done,
    edit(editor.editOnce, fork(), over),
    lookAtStatus(web.adminPort!, over),
  ]);
  clearTimeout(timer);
  webWatch.stop();
  syncWatch.stop();

  const metrics = await (await fetch(`http://127.0.0.1:${web.adminPort}/metrics`)).text();
  const metric = (name: string) => Number(new RegExp(`^chirp_site_${name} (\\S+)$`, "m").exec(metrics)?.[1] ?? NaN);
  const final = await finalProblems({ pages, master: master.servers[0], replicas: replicas.servers, web, cleanSince });
  for (const text of final) problem(text);
  for (const [exit, times] of synchroniser.exits) {
    if (!SYNC_EXITS.includes(exit)) problem(`synchronisations ended with ${exit}, ${times} times`);
  }
  const exitCode = await synchroniser.stop();
  if (exitCode !== 0 && exitCode !== 20) problem(`chirp_synchronize ended with ${exitCode}: ${synchroniser.stderr()}`);

  return {
    ...report,
    seconds: (performance.now() - startedAt) / 1000,
    seed,
    statuses,
    edits: editor.edits,
    cycles: synchroniser.cycles,
    copied: synchroniser.copied,
    syncExits: synchroniser.exits,
    faults: injector.counts,
    webSamples: webWatch.samples,
    syncSamples: syncWatch.samples,
    switches: metric("switches_total"),
    retried: metric("retried_total"),
    hedges: metric("hedges_total"),
    problems,
  };
}

async function edit(editOnce: () => void, random: { int(min: number, max: number): number }, stop: AbortSignal) {
  while (!stop.aborted) {
    editOnce();
    await Bun.sleep(random.int(...EDIT_PAUSE_MS));
  }
}

/** Somebody has the status page open, and a collector asks for the metrics. */
async function lookAtStatus(port: number, stop: AbortSignal): Promise<void> {
  for (let round = 0; !stop.aborted; round++) {
    for (const path of ["/", "/metrics", round % 5 === 0 ? "/status.json?compare" : "/status.json"]) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      await response.bytes();
      if (response.status !== 200) throw new Error(`admin ${path}: ${response.status}`);
    }
    await Bun.sleep(1_000);
  }
}

const START_LIMIT_MS = 60_000;

async function withLimit(what: string, promise: Promise<void>): Promise<void> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error(`${what}: not within ${START_LIMIT_MS} ms`)), START_LIMIT_MS);
  await Promise.race([promise, limit.promise]).finally(() => clearTimeout(timer));
}

/** What a replica holds of a page at this moment: "/a v3 @0", or nothing. */
function versionOnDisk(server: TestServer, { path }: Page): string {
  const file = server.diskPath(siteRoot + path);
  if (!existsSync(file)) return "nothing";
  return /^.* v\d+ @0/.exec(readFileSync(file).toString("latin1", 0, 100))?.[0] ?? "something else";
}

function describe({ request, reply, page, from, to }: Asked, finding: string, detail: string): string {
  const headers = JSON.stringify(request.headers);
  const server = reply.kind === "response" ? reply.response.header("x-served-by") : null;
  const when = `${Math.round(to)} (${Math.round(to - from)} ms, from ${server})`;
  return `${finding}: ${request.method} ${request.target} ${headers} ${page.kind} at ${when}: ${detail}`;
}
