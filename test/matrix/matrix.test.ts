/**
 * The fault matrix: every fault at every moment of every operation, each cell held to what is promised.
 *
 * `bun test` runs a share of the cells, chosen by a seed that is printed:
 *     MATRIX_SEED=7 bun test test/matrix/matrix.test.ts           the same share again
 *     MATRIX=all bun test test/matrix/matrix.test.ts              every cell
 *     MATRIX='web: HEAD, stopped' bun test test/matrix/matrix.test.ts    cells whose name matches this
 */
import { afterAll, beforeAll, setDefaultTimeout, test } from "bun:test";
import { createSeededRandom, seedFrom } from "../helpers/seeded_random.ts";
import { allCells, type Cell, cellName } from "./cells.ts";
import { type Laboratory, openLaboratory } from "./laboratory.ts";
import { runLieCell } from "./lie_cell.ts";
import { plantSources, runSyncCell, runSyncLieCell } from "./sync_cell.ts";
import { largeBytes, runWebCell, SMALL_FILES, smallText, webDirectory } from "./web_cell.ts";

setDefaultTimeout(90_000);

/** What fits into about a minute on two cores. */
const SHARE: Readonly<Record<Cell["kind"], number>> = { web: 8, lie: 3, sync: 3, "sync lie": 1 };

const wanted = process.env["MATRIX"] ?? "";
const seed = seedFrom("MATRIX_SEED");
const all = allCells();
const chosen = choose();
const startedAt = performance.now();
let lab: Laboratory;

console.log(
  `fault matrix: ${chosen.length} of ${all.length} cells, ${wanted === "" ? `MATRIX_SEED=${seed}` : `MATRIX='${wanted}'`}`,
);

beforeAll(async () => {
  lab = await openLaboratory();
  for (const server of lab.cluster.servers) {
    plantSources(server);
    for (let index = 0; index < SMALL_FILES; index++) {
      server.plant(`${webDirectory}/small${index}.txt`, smallText(index), { mtime: 1_600_000_000 });
    }
    server.plant(`${webDirectory}/large.bin`, largeBytes, { mtime: 1_600_000_000 });
  }
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  console.log(`fault matrix: ${chosen.length} cells in ${Math.round((performance.now() - startedAt) / 1000)} s`);
});

test.each(chosen.map((cell) => [cellName(cell), cell] as const))("%s", async (_, cell) => {
  switch (cell.kind) {
    case "web":
      return await runWebCell(lab, cell.operation, cell.fault, cell.moment);
    case "lie":
      return await runLieCell(lab, cell);
    case "sync":
      return await runSyncCell(lab, cell.operation, cell.fault, cell.moment);
    case "sync lie":
      return await runSyncLieCell(lab, cell.operation, cell.lie, cell.moment);
  }
});

function choose(): Cell[] {
  if (wanted === "all") return all;
  if (wanted !== "") return all.filter((cell) => new RegExp(wanted).test(cellName(cell)));
  const random = createSeededRandom(seed);
  return (["web", "lie", "sync", "sync lie"] as const).flatMap((kind) => {
    const cells = all.filter((cell) => cell.kind === kind);
    return Array.from({ length: SHARE[kind] }, () => cells.splice(random.int(0, cells.length - 1), 1)[0]!);
  });
}
