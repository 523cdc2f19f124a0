/** One file of 500 MB brought to another server. */
import { statSync } from "node:fs";
import type { Question } from "./harness/question.ts";
import { OLD, repeatedRandom, rpcsOf } from "./harness/site.ts";
import { describeTotal, SITE, startSyncSite } from "./harness/sync_site.ts";
import { row, timesFaster } from "./sync_small.ts";

const BYTES = 500_000_000;

export const syncLarge: Question = {
  name: "sync_large",
  programs: ["chirp_distribute", "chirp_get", "chirp_put", "chirp"],
  async ask() {
    const file = `${SITE}/large.bin`;
    await using site = await startSyncSite(
      (server) => server.plant(file, repeatedRandom(BYTES), { mtime: OLD }),
      "removed",
    );
    const { ways, cluster } = site;
    const copied = cluster.servers[1]!.diskPath(file);
    const anew = (way: () => Promise<number>) => async () => {
      site.clear();
      const seconds = await way();
      if (statSync(copied).size !== BYTES) throw new Error("the copy is not whole");
      return seconds;
    };
    const ours = anew(ways.ours);
    const rpcs = await rpcsOf(cluster, ours);
    const local = await rpcsOf(cluster, anew(ways.getAndPut));
    return [
      row(
        "sync of one 500 MB file, times faster than chirp_get + chirp_put",
        await timesFaster(ours, anew(ways.getAndPut)),
        1,
        `${describeTotal(rpcs)}; theirs: ${describeTotal(local)}`,
      ),
      row("the same, times faster than chirp_distribute", await timesFaster(ours, anew(ways.distribute)), 20, ""),
      row("the same, times faster than thirdput", await timesFaster(ours, anew(ways.thirdput)), null, ""),
    ];
  },
};
