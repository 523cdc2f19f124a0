/** The time of day, at a thirtieth of what Date.now() costs in Bun. */

/** How far a clock that is set anew may be behind. */
const CHECK_MS = 250;

let offset = Date.now() - performance.now();
let checkedAt = performance.now();

/**
 * Milliseconds since 1970, whole; at most CHECK_MS late to notice that the system's clock was set. `at`: of another moment than
 * now, as performance.now() told it then.
 */
export function wallClockMs(at: number = performance.now()): number {
  if (at - checkedAt > CHECK_MS) {
    checkedAt = performance.now();
    offset = Date.now() - checkedAt;
  }
  return Math.floor(at + offset);
}
