/** Random trees and random edits: after a synchronisation the trees are equal. Seeds are printed, and can be given. */
import { expect, test } from "bun:test";
import { startCluster, type Cluster, type TestServer } from "../helpers/cluster.ts";
import { createEditor } from "./random_edits.ts";
import { describeTree, sync } from "./sync_run.ts";

/** SYNC_ROUNDS=300 SYNC_SEED=1 bun test test/sync/property.test.ts is the long form. */
const rounds = Number(process.env["SYNC_ROUNDS"] ?? 25);
const firstSeed = Number(process.env["SYNC_SEED"] ?? Math.floor(Math.random() * 1e9));

test(
  `${rounds} rounds of random edits`,
  async () => {
    await using cluster = await startCluster({ servers: 3 });
    const [source, first, second] = threeOf(cluster);
    source.plantDirectory("/site");
    first.plantDirectory("/copy");
    for (let round = 0; round < rounds; round++) {
      const seed = firstSeed + round;
      const editor = createEditor(source, "/site", seed);
      editor.edit(12);
      // A replica that somebody wrote to as well.
      if (round % 3 === 1) createEditor(first, "/copy", seed + 7).edit(4);
      const words = [source.host, "/site", first.host, "/copy", second.host, "/copy"];
      const { report, events } = await sync(words, {
        delete: true,
        maxDelete: { kind: "count", count: 1e6 },
        allowEmptySource: true,
      });
      const told = `seed ${seed}: ${JSON.stringify(events.filter(({ kind }) => kind === "failure"))}`;
      expect(report.exitCode, told).toBe(0);
      const expected = describeTree(`${source.rootDirectory}/site`);
      for (const target of [first, second]) {
        expect(describeTree(`${target.rootDirectory}/copy`), `seed ${seed} on ${target.host}`).toEqual(expected);
      }
    }
    console.log(`random edits: ${rounds} rounds, first seed ${firstSeed}`);
  },
  30_000 + rounds * 2000,
);

function threeOf({ servers }: Cluster): [TestServer, TestServer, TestServer] {
  const [first, second, third] = servers;
  if (second === undefined || third === undefined) throw new Error("three servers were asked for");
  return [first, second, third];
}
