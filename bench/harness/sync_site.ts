/** Two servers, the first with a site, and the ways to bring it to the second. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster } from "../../test/helpers/cluster.ts";
import { program, secondsOf } from "./programs.ts";
import { describeRpcs, type Plant, startSite, sum } from "./site.ts";

/** The directory on both servers; chirp_distribute copies to the same name. */
export const SITE = "/site";

export interface SyncSite extends AsyncDisposable {
  readonly cluster: Cluster;
  /** Seconds that each way takes. Each leaves the site on the second server; what is there before stays. */
  readonly ways: {
    readonly ours: () => Promise<number>;
    readonly distribute: () => Promise<number>;
    readonly getAndPut: () => Promise<number>;
    readonly thirdput: () => Promise<number>;
    /** Both trees listed, one after the other, and nothing else. */
    readonly bareListings: () => Promise<number>;
    /** From one local directory to another: what the disk alone costs. */
    readonly rsync: () => Promise<number>;
  };
  /** Removes what the second server has of the site, from its disk. */
  clear(): void;
}

const synchronizer = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
const lister = join(import.meta.dir, "bare_listings.ts");

export async function startSyncSite(plant: Plant): Promise<SyncSite> {
  const cluster = await startSite(2, () => undefined);
  const [source, target] = cluster.servers;
  if (target === undefined) throw new Error("two servers were asked for");
  plant(source);
  const local = mkdtempSync(join(tmpdir(), "chirp-site-bench-"));
  const copy = join(local, "site");
  const disk = (server: typeof source) => server.diskPath(SITE).toString();
  return {
    cluster,
    ways: {
      ours: () => secondsOf([process.execPath, synchronizer, "-q", "-r", source.host, SITE, target.host, SITE]),
      distribute: () => secondsOf([program("chirp_distribute"), source.host, SITE, target.host]),
      thirdput: () => secondsOf([program("chirp"), source.host, "thirdput", SITE, target.host, SITE]),
      getAndPut: async () => {
        const get = await secondsOf([program("chirp_get"), source.host, SITE, copy]);
        const put = await secondsOf([program("chirp_put"), copy, target.host, SITE]);
        rmSync(copy, { recursive: true, force: true });
        return get + put;
      },
      bareListings: () => secondsOf([process.execPath, lister, SITE, source.host, target.host]),
      rsync: () => secondsOf([program("rsync"), "-a", `${disk(source)}/`, `${join(local, "rsync")}/`]),
    },
    clear() {
      rmSync(disk(target), { recursive: true, force: true });
      rmSync(join(local, "rsync"), { recursive: true, force: true });
    },
    async [Symbol.asyncDispose]() {
      rmSync(local, { recursive: true, force: true });
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** "3160 (1000 getfile, …)". */
export function describeTotal(counts: Readonly<Record<string, number>>): string {
  return `${sum(counts)} (${describeRpcs(counts)})`;
}
