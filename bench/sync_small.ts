/** 1,000 files of 4 KB in 50 directories brought to an empty server, and then once more with nothing to do. */
import { atLeast, atMost, digits, type Question, ratioCells, type Row } from "./harness/question.ts";
import { compare, type Comparison, sideBySide } from "./harness/side_by_side.ts";
import { plantFiles, rpcsOf, sitePaths, type SiteSize, sum, USUAL_SIZE } from "./harness/site.ts";
import { describeTotal, SITE, startSyncSite, type SyncSite } from "./harness/sync_site.ts";

const ROUNDS = { min: 3, max: 7 };
/** rclone sync over chirp_fuse with nothing to do, as it was seen once: seconds, beside chirp_distribute's in the same place. */
const RCLONE_OF_DISTRIBUTE = 3.6 / 11.5;

export interface SyncCounts {
  readonly first: Readonly<Record<string, number>>;
  readonly again: Readonly<Record<string, number>>;
}

function startSite(size: SiteSize): Promise<SyncSite> {
  const paths = sitePaths(size).map((path) => SITE + path);
  return startSyncSite((server) => plantFiles(server, paths, 4096), "aside");
}

/** RPCs of both servers, of a first copy and of a second run. */
export async function countSyncSmall(size: SiteSize): Promise<SyncCounts> {
  await using site = await startSite(size);
  const first = await rpcsOf(site.cluster, site.ways.ours);
  return { first, again: await rpcsOf(site.cluster, site.ways.ours) };
}

export const syncFirst: Question = {
  name: "sync_first",
  programs: ["chirp_distribute", "chirp_get", "chirp_put", "rsync"],
  async ask() {
    await using site = await startSite(USUAL_SIZE);
    const { ways, cluster } = site;
    const anew = (way: () => Promise<number>) => async () => {
      site.clear();
      return await way();
    };
    const ours = await rpcsOf(cluster, anew(ways.ours));
    const theirs = await rpcsOf(cluster, anew(ways.distribute));
    const local = await rpcsOf(cluster, anew(ways.getAndPut));
    const perFile = sum(ours) / USUAL_SIZE.files;
    const against = async (way: () => Promise<number>) => await timesFaster(anew(ways.ours), anew(way));
    const distribute = await against(ways.distribute);
    const getAndPut = await against(ways.getAndPut);
    return [
      {
        what: "sync of 1,000 × 4 KB in 50 directories, first copy: RPCs per file, both servers",
        measured: digits(perFile),
        spread: "exact",
        rpcs: describeTotal(ours),
        reach: atMost(perFile, 3.2),
      },
      row("the same, times faster than chirp_distribute", distribute, 2, `theirs: ${sum(theirs)}`),
      row("the same, times faster than chirp_get + chirp_put", getAndPut, 1.5, `theirs: ${sum(local)}`),
      row("the same, times faster than rsync from local disk to local disk", await against(ways.rsync), null, ""),
    ];
  },
};

export const syncUnchanged: Question = {
  name: "sync_unchanged",
  programs: ["chirp_distribute", "chirp_get", "chirp_put"],
  async ask() {
    await using site = await startSite(USUAL_SIZE);
    const { ways, cluster } = site;
    // The others leave files with new times: what they have changed is brought back before anything is measured or counted.
    const unchanged = async () => {
      await ways.ours();
      return await ways.ours();
    };
    await ways.ours();
    const rpcs = await rpcsOf(cluster, ways.ours);
    const distribute = await timesFaster(unchanged, ways.distribute);
    const getAndPut = await timesFaster(unchanged, ways.getAndPut);
    const bare = compare(await sideBySide(unchanged, ways.bareListings, ROUNDS, Number), Number);
    const rclone = scale(distribute, RCLONE_OF_DISTRIBUTE);
    return [
      row("sync of the same, no change, times faster than chirp_distribute", distribute, 15, describeTotal(rpcs)),
      row("the same, times faster than chirp_get + chirp_put", getAndPut, 15, ""),
      row("the same, times faster than rclone over chirp_fuse (derived from distribute)", rclone, 4, ""),
      {
        what: "the same, time, to the listings alone, of one server after the other by one Bun program",
        ...ratioCells(bare),
        rpcs: "",
        reach: atMost(bare.ratio, 1.3),
      },
    ];
  },
};

/** How many times faster `ours` is: seconds of theirs by seconds of ours. */
export async function timesFaster(ours: () => Promise<number>, theirs: () => Promise<number>): Promise<Comparison> {
  const rate = (seconds: number) => 1 / seconds;
  return compare(await sideBySide(ours, theirs, ROUNDS, rate), rate);
}

export function row(what: string, comparison: Comparison, limit: number | null, rpcs: string): Row {
  const reach = limit === null ? null : atLeast(comparison.ratio, limit);
  return { what, ...ratioCells(comparison), rpcs, reach };
}

function scale({ ratio, low, high }: Comparison, factor: number): Comparison {
  return { ratio: ratio * factor, low: low * factor, high: high * factor };
}
