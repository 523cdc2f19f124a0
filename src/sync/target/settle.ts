/** Waits until what a file shows of itself tells one version from the next. */
import type { FileStat } from "../../protocol.ts";
import { pause } from "../store/retrying_store.ts";
import type { TargetRun } from "./target_run.ts";

/** A file dated further ahead than this was dated by hand: no clock that is set is a day ahead. */
const AHEAD_MAX_SECONDS = 86_400;

/**
 * A file changed within the last seconds may change again within the same second, which its time would not show: it is waited for,
 * or until the run is to end. `listedAt` (performance.now()) is when its listing had arrived: by a clock that is ahead of ours the
 * second of its time is over so long after that.
 */
export async function waitUntilSettled(run: TargetRun, source: FileStat, listedAt: number): Promise<void> {
  const settleMs = run.options.settleSeconds * 1000;
  const ageMs = Date.now() - source.mtime * 1000;
  if (ageMs >= settleMs || ageMs < -AHEAD_MAX_SECONDS * 1000) return;
  const waitMs = ageMs >= 0 ? settleMs - ageMs : listedAt + settleMs - performance.now();
  if (waitMs > 0) await pause(waitMs, run.stop);
}
