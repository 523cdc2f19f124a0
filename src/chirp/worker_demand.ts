/** Whether a lane is better off with another worker. Pure: the time comes from outside. */

export interface WorkerDemand {
  /** A call took so long, connecting not counted. */
  answered(ms: number): void;
  /** Another worker has been started. */
  started(): void;
  /** Nobody waits any more. */
  allServed(now: number): void;
  /**
   * Asked while calls wait.
   * @param runningMs How long each worker has been at its call.
   */
  isWanted(waiting: number, runningMs: readonly number[], now: number): boolean;
}

/**
 * A worker costs 15 ms of CPU here, and a connection and a process at the server: it is wanted when all that there are have been at their
 * calls for so long, or when whoever waits last can expect to wait so long.
 */
export const START_AFTER_MS = 50;

/** Beyond the useful ones it is wanted when all have been at it for so long: a hash, say, and not a short call on a busy machine. */
const LONG_CALL_MS = 500;

/** And when calls have waited so long in all since the last one was started, however short each of them. */
const START_AFTER_WAITING_MS = 250;

/**
 * A server that has answered none of so many calls sooner is far away, whatever its address: at the other end of a tunnel, say. One on this
 * machine answers the small ones in half a millisecond.
 */
const FAR_MS = 2;
const FAR_CALLS = 8;

/** How much the newest call counts in the mean. */
const MEAN_WEIGHT = 0.1;

/**
 * Times in milliseconds, `now` of any clock that only goes forward.
 * @param usefulWorkers So many can be of use to short calls, unless the server proves far away; more are wanted only while all that there
 * are have long ones.
 */
export function createWorkerDemand(usefulWorkers: () => number = () => Infinity): WorkerDemand {
  let waitingSince: number | null = null;
  let waitedMs = 0;
  /** How long a call takes, lately; null: none has been answered. */
  let meanMs: number | null = null;
  let fastestMs = Infinity;
  let calls = 0;

  return {
    answered(ms) {
      calls++;
      fastestMs = Math.min(fastestMs, ms);
      meanMs = meanMs === null ? ms : meanMs + (ms - meanMs) * MEAN_WEIGHT;
    },
    started() {
      waitingSince = null;
      waitedMs = 0;
    },
    allServed(now) {
      if (waitingSince !== null) waitedMs += now - waitingSince;
      waitingSince = null;
    },
    isWanted(waiting, runningMs, now) {
      const isFar = calls >= FAR_CALLS && fastestMs >= FAR_MS;
      const isEnough = !isFar && runningMs.length >= usefulWorkers();
      if (runningMs.every((ms) => ms >= (isEnough ? LONG_CALL_MS : START_AFTER_MS))) return true;
      if (isEnough) return false;
      if ((waiting * (meanMs ?? 0)) / runningMs.length >= START_AFTER_MS) return true;
      waitingSince ??= now;
      return waitedMs + now - waitingSince >= START_AFTER_WAITING_MS;
    },
  };
}
