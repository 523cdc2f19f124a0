import { expect, test } from "bun:test";
import { wallClockMs } from "./wall_clock.ts";

test("it tells what Date.now() tells, to a few milliseconds", async () => {
  for (let round = 0; round < 30; round++) {
    expect(Math.abs(wallClockMs() - Date.now())).toBeLessThanOrEqual(5);
    await Bun.sleep(10);
  }
});
