/** When faults and edits are over, everything is as it should be: replicas equal to the master, and shown so. */
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestServer } from "../helpers/cluster.ts";
import type { WebServer } from "../helpers/web_server.ts";
import { currentVersion, type Page } from "./page_history.ts";
import { siteRoot } from "./site_editor.ts";

export interface FinalState {
  readonly pages: readonly Page[];
  readonly master: TestServer;
  readonly replicas: readonly TestServer[];
  readonly web: WebServer;
  /** When the last synchronisation of each replica that succeeded began, at the earliest. */
  readonly cleanSince: ReadonlyMap<string, number>;
}

/** Two cycles, the settle window, and locks of runs that were killed. */
const CONVERGES_WITHIN_MS = 60_000;
/** Metadata of the web server, its same-second rule, and an ejected server's way back. */
const SHOWN_WITHIN_MS = 10_000;
const STAGING = ".__chirpsync";

/** What is wrong, one line each. */
export async function finalProblems({ pages, master, replicas, web, cleanSince }: FinalState): Promise<string[]> {
  const now = performance.now();
  const isConverged = () => replicas.every(({ host }) => (cleanSince.get(host) ?? 0) >= now);
  await waitFor(isConverged, CONVERGES_WITHIN_MS);
  const problems: string[] = [];
  for (const { host } of replicas) {
    if ((cleanSince.get(host) ?? 0) < now)
      problems.push(`${host} was not synchronised within ${CONVERGES_WITHIN_MS} ms`);
  }
  const expected = treeOf(master);
  for (const replica of replicas) {
    const actual = treeOf(replica);
    for (const path of new Set([...expected.keys(), ...actual.keys()])) {
      if (expected.get(path) !== actual.get(path)) {
        problems.push(`${replica.host} ${path}: ${actual.get(path)}, on the master ${expected.get(path)}`);
      }
    }
    if (existsSync(join(replica.diskPath(siteRoot).toString(), STAGING))) {
      problems.push(`${replica.host}: ${STAGING} was left behind`);
    }
  }
  for (const page of pages) problems.push(...(await shownProblem(page, web.port)));
  const complaints = web
    .stderr()
    .split("\n")
    .filter((line) => line.startsWith("unexpected"));
  return [...problems, ...complaints.map((line) => `the web server says: ${line}`)];
}

/** Every file with its time and contents. */
function treeOf(server: TestServer): Map<string, string> {
  const root = server.diskPath(siteRoot).toString();
  const tree = new Map<string, string>();
  for (const name of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    const path = join(root, name);
    if (name.includes(".__") || !lstatSync(path).isFile()) continue;
    const seconds = Math.floor(lstatSync(path).mtimeMs / 1000);
    tree.set(name, `${seconds} ${Bun.hash(readFileSync(path)).toString(16)}`);
  }
  return tree;
}

async function shownProblem(page: Page, port: number): Promise<string[]> {
  const { bytes } = currentVersion(page);
  let last = "";
  const isShown = async () => {
    const response = await fetch(`http://127.0.0.1:${port}${page.url}`);
    const body = Buffer.from(await response.arrayBuffer());
    last = `${response.status} ${JSON.stringify(body.toString("latin1", 0, 60))}`;
    return bytes === null ? response.status === 404 : response.status === 200 && body.equals(bytes);
  };
  if (await waitFor(isShown, SHOWN_WITHIN_MS)) return [];
  const wanted = bytes === null ? "404" : JSON.stringify(bytes.toString("latin1", 0, 60));
  return [`${page.url} is still shown as ${last} instead of ${wanted}`];
}

async function waitFor(isSo: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(50);
  }
  return true;
}
