/** What a web server's monitor (src/replicas/monitor.ts) finds out about a server, and when, by the same rules. */
import { ChirpError } from "../../src/errors.ts";
import type { Replica, Replicas } from "../../src/replicas/replicas.ts";
import type { ChirpModel } from "./chirp_model.ts";
import type { LaneModel } from "./lane_model.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** As in src/replicas/monitor.ts and pool.ts. */
const TICK_MS = 50;
const HEARTBEAT_MS = 1_000;
const BUSY_MS = 100;
const SUSPECT_MS = 250;
const DEAD_MS = 3_000;
const JAMMED_MS = 500;
const RECONNECT_MS = 500;

export function watchServer(
  time: VirtualTime,
  chirp: ChirpModel,
  lane: LaneModel,
  replica: Replica,
  replicas: Replicas,
): void {
  /** When the open question was asked; null: all are answered. */
  let askedAt: number | null = null;
  let answeredAt = 0;
  let isConnected = true;
  let isOnTrial = false;

  // A connection that is held tells of a death at once.
  chirp.onChange((condition) => {
    if (condition === "down") {
      isConnected = false;
      replicas.lost(replica, "ECONNRESET", "connection lost");
    } else if (condition !== "hung" && askedAt !== null) answered();
  });

  function answered(): void {
    askedAt = null;
    answeredAt = time.now();
    beginTrialIfDue();
  }

  function ask(): void {
    if (askedAt !== null) return;
    askedAt = time.now();
    if (chirp.condition === "up" || chirp.condition === "slow") answered();
  }

  function beginTrialIfDue(): void {
    if (isOnTrial || !isConnected || answeredAt < replica.since) return;
    if (replica.state === "trial" || (replica.state === "ejected" && time.now() >= replica.notBefore)) void runTrial();
  }

  async function runTrial(): Promise<void> {
    isOnTrial = true;
    const begunAt = time.now();
    if (replica.state === "ejected") {
      replicas.beginTrial(replica);
      lane.abandonOlderThan(SUSPECT_MS);
    }
    try {
      await lane.call();
      replicas.recovered(replica);
    } catch (error) {
      if (!(error instanceof ChirpError)) throw error;
      replicas.failed(replica, { code: error.code, message: error.message, path: "" }, begunAt);
    } finally {
      isOnTrial = false;
    }
  }

  function tick(): void {
    time.after(TICK_MS, tick);
    if (!isConnected) return;
    const isWatched = replica.state !== "well" || lane.oldestRunningMs() > BUSY_MS;
    if (time.now() - answeredAt > (isWatched ? BUSY_MS : HEARTBEAT_MS)) ask();
    beginTrialIfDue();
    const waitingMs = askedAt === null ? 0 : time.now() - askedAt;
    const isJammed = lane.waiting > 0 && lane.oldestRunningMs() > JAMMED_MS;
    if (isJammed || waitingMs > SUSPECT_MS) replicas.suspect(replica);
    else replicas.heard(replica);
    if (waitingMs > DEAD_MS) replicas.lost(replica, "ETIMEDOUT", "no answer to a sign of life");
  }

  function reconnect(): void {
    time.after(RECONNECT_MS, reconnect);
    if (isConnected || chirp.condition === "down" || chirp.condition === "hung") return;
    isConnected = true;
    answered();
  }

  tick();
  reconnect();
  ask();
}
