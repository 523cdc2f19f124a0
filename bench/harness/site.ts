/** Servers with something on them, the web server before them, and how often they were asked. */
import { type Cluster, startCluster, type TestServer } from "../../test/helpers/cluster.ts";
import { startWebServer, type WebServer } from "../../test/helpers/web_server.ts";

export type Plant = (server: TestServer) => void;

/** A file that was changed (ctime, which nobody can set) so lately is read twice: that is not what is measured here. */
const YOUNG_MS = 2_500;

/** A cluster of servers that all hold what `plant` puts there, with times of long ago. */
export async function startSite(servers: number, plant: Plant): Promise<Cluster> {
  const cluster = await startCluster({ servers });
  for (const server of cluster.servers) plant(server);
  await Bun.sleep(YOUNG_MS);
  return cluster;
}

export const OLD = 1_600_000_000;

/** So many small files, dealt out to so many directories. */
export interface SiteSize {
  readonly files: number;
  readonly directories: number;
}

/** The site that the figures in docs/performance.md are of. */
export const USUAL_SIZE: SiteSize = { files: 1_000, directories: 50 };

/** "/d7/f137.html" for each file. */
export function sitePaths({ files, directories }: SiteSize): string[] {
  return Array.from({ length: files }, (_, index) => `/d${index % directories}/f${index}.html`);
}

/** Files of so many bytes, no two alike. */
export function plantFiles(server: TestServer, paths: readonly string[], size: number): void {
  for (const [index, path] of paths.entries()) {
    server.plant(path, `${index} `.padEnd(size, "x"), { mtime: OLD + index });
  }
}

/** So many bytes that no compression would shorten much. */
export function repeatedRandom(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  // The web's generator gives 64 KiB at most; repeating it is random enough for what is only moved.
  const piece = crypto.getRandomValues(new Uint8Array(65_536));
  for (let offset = 0; offset < length; offset += piece.length) bytes.set(piece.subarray(0, length - offset), offset);
  return bytes;
}

/** The web server, without a log unless asked for. Ready: every Chirp server has been found to be well. */
export async function serve(cluster: Cluster, ...options: readonly string[]): Promise<WebServer & { url: string }> {
  const server = await startWebServer([
    ...["--servers", cluster.serversFile, "--admin", "127.0.0.1:0"],
    ...(options.includes("--access-log") ? [] : ["--access-log", "off"]),
    ...options,
  ]);
  await allWell(server.adminPort!, cluster.servers.length);
  return { ...server, url: `http://127.0.0.1:${server.port}`, stderr: server.stderr };
}

const WELL_LIMIT_MS = 20_000;

async function allWell(adminPort: number, servers: number): Promise<void> {
  const deadline = performance.now() + WELL_LIMIT_MS;
  for (;;) {
    const status = (await (await fetch(`http://127.0.0.1:${adminPort}/status.json`)).json()) as {
      servers: { state: string }[];
    };
    if (status.servers.filter(({ state }) => state === "well").length === servers) return;
    if (performance.now() > deadline) throw new Error(`not all servers are well: ${JSON.stringify(status.servers)}`);
    await Bun.sleep(20);
  }
}

/** What all servers together were asked since forgetRpcs: { getfile: 12 }. */
export async function countRpcs({ servers }: Cluster): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const each of await Promise.all(servers.map((server) => server.countRpcs()))) {
    for (const [command, count] of Object.entries(each)) counts[command] = (counts[command] ?? 0) + count;
  }
  return counts;
}

export async function forgetRpcs({ servers }: Cluster): Promise<void> {
  await Promise.all(servers.map((server) => server.forgetRpcs()));
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** "3 getfile, 1 getlongdir", the most frequent first. */
export function describeRpcs(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  return parts.length === 0 ? "none" : parts.map(([command, count]) => `${count} ${command}`).join(", ");
}

/** The RPCs of all servers while something is done. */
export async function rpcsOf(cluster: Cluster, act: () => Promise<unknown>): Promise<Record<string, number>> {
  await forgetRpcs(cluster);
  await act();
  return await countRpcs(cluster);
}

/** Few enough that no server is silent for so long that another is asked as well. */
const IN_PARALLEL = 8;

/** Throws when an answer is not 200. */
export async function fetchAll(urls: readonly string[]): Promise<void> {
  let next = 0;
  const fetchOn = async () => {
    while (next < urls.length) {
      const url = urls[next++]!;
      const response = await fetch(url);
      await response.arrayBuffer();
      if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
    }
  };
  await Promise.all(Array.from({ length: IN_PARALLEL }, fetchOn));
}
