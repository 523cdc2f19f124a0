import { type Cluster, startCluster, type ClusterOptions, type TestServer } from "../helpers/cluster.ts";

export interface Servers extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly source: TestServer;
  readonly first: TestServer;
  readonly second: TestServer;
}

/** A source with a directory /site, and two targets. */
export async function startServers(options: Partial<ClusterOptions> = {}): Promise<Servers> {
  const cluster = await startCluster({ servers: 3, ...options });
  const [source, first, second] = cluster.servers;
  if (first === undefined || second === undefined) throw new Error("three servers were asked for");
  source.plantDirectory("/site");
  return { cluster, source, first, second, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
}

/** So many small files in so many directories of /site. */
export function plantSite(server: TestServer, files: number, directories: number, contents = "x".repeat(1000)): void {
  for (let index = 0; index < files; index++) {
    const path = `/site/d${index % directories}/file${index}.html`;
    server.plant(path, `${index} ${contents}`, { mtime: 1_600_000_000 + index });
  }
}

/** The tree that a server serves, as a path on this machine's disk. */
export function diskTree(server: TestServer, path: string): string {
  return server.diskPath(path).toString();
}
