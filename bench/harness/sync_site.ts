/** Two servers, the first with a site, and the ways to bring it to the second. */
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "../../test/helpers/at_exit.ts";
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
  /** Takes away what the second server has of the site, on its disk. */
  clear(): void;
}

/**
 * What becomes of copies that were measured. Many small files go aside until the end: an ext4 avoids inodes that were freed within the last
 * minute, and looks through all of them for each file that is made, which took a fifth of the CPU of what was measured next.
 */
export type Cleared = "aside" | "removed";

const synchronizer = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
const lister = join(import.meta.dir, "bare_listings.ts");

export async function startSyncSite(plant: Plant, cleared: Cleared): Promise<SyncSite> {
  const cluster = await startSite(2, () => undefined);
  const [source, target] = cluster.servers;
  if (target === undefined) throw new Error("two servers were asked for");
  plant(source);
  const local = mkdtempSync(join(tmpdir(), "chirp-site-bench-"));
  const forget = atExit(() => rmSync(local, { recursive: true, force: true }));
  const copy = join(local, "site");
  const disk = (server: typeof source) => server.diskPath(SITE).toString();
  let aside = 0;
  const takeAway = (path: string) => {
    if (cleared === "removed") rmSync(path, { recursive: true, force: true });
    else if (existsSync(path)) renameSync(path, join(local, `aside${aside++}`));
  };
  return {
    cluster,
    ways: {
      ours: () => secondsOf([process.execPath, synchronizer, "-q", "-r", source.host, SITE, target.host, SITE]),
      distribute: () => secondsOf([program("chirp_distribute"), source.host, SITE, target.host]),
      thirdput: () => secondsOf([program("chirp"), source.host, "thirdput", SITE, target.host, SITE]),
      getAndPut: async () => {
        const get = await secondsOf([program("chirp_get"), source.host, SITE, copy]);
        const put = await secondsOf([program("chirp_put"), copy, target.host, SITE]);
        takeAway(copy);
        return get + put;
      },
      bareListings: () => secondsOf([process.execPath, lister, SITE, source.host, target.host]),
      rsync: () => secondsOf([program("rsync"), "-a", `${disk(source)}/`, `${join(local, "rsync")}/`]),
    },
    clear() {
      takeAway(disk(target));
      takeAway(join(local, "rsync"));
    },
    async [Symbol.asyncDispose]() {
      forget();
      rmSync(local, { recursive: true, force: true });
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** "3160 (1000 getfile, …)". */
export function describeTotal(counts: Readonly<Record<string, number>>): string {
  return `${sum(counts)} (${describeRpcs(counts)})`;
}
