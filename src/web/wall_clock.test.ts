import { expect, test } from "bun:test";
import { wallClockMs } from "./wall_clock.ts";

test("it tells what Date.now() tells, to a few milliseconds", async () => {
  for (let round = 0; round < 30; round++) {
    expect(Math.abs(wallClockMs() - Date.now())).toBeLessThanOrEqual(5);
    await Bun.sleep(10);
  }
});

test("of a moment long ago too", async () => {
  const [at, then] = [performance.now(), Date.now()];
  // Longer than the offset between the clocks is believed.
  await Bun.sleep(300);
  for (const moment of [at, performance.now(), at]) {
    expect(Math.abs(wallClockMs(moment) - (then + moment - at))).toBeLessThanOrEqual(100);
  }
});
