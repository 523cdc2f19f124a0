import { expect, test } from "bun:test";
import { createReclaim } from "./reclaim.ts";

const MiB = 1024 * 1024;

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test.each([
  { capacity: 0, discarded: [15], collections: 0 },
  { capacity: 0, discarded: [15, 1], collections: 1 },
  { capacity: 256, discarded: [10, 10], collections: 1 },
  { capacity: 1024, discarded: [32, 31], collections: 0 },
  { capacity: 1024, discarded: [32, 32], collections: 1 },
  { capacity: 0, discarded: [500], collections: 1 },
])("a cache of $capacity MiB that discards $discarded", async ({ capacity, discarded, collections }) => {
  let collected = 0;
  const reclaim = createReclaim(capacity * MiB, () => void collected++);
  for (const size of discarded) {
    reclaim(size * MiB);
    await turn();
  }
  expect(collected).toBe(collections);
});

test("it collects once for all that was discarded in one turn, and begins to count anew", async () => {
  let collected = 0;
  const reclaim = createReclaim(0, () => void collected++);
  for (let index = 0; index < 10; index++) reclaim(32 * MiB);
  expect(collected).toBe(0);
  await turn();
  expect(collected).toBe(1);
  reclaim(15 * MiB);
  await turn();
  expect(collected).toBe(1);
});
