/**
 * Watches one server: a heartbeat on a connection that is held, and, before it is used again after a failure, a trial with
 * a real call (whoami: connect, authenticate, one RPC). All it finds out goes to replicas.ts, which decides.
 */
import type { Lane } from "../chirp/lane.ts";
import type { ServerAddress } from "../chirp/server_address.ts";
import { ChirpError, describeCode, type ErrorCode } from "../errors.ts";
import { startHeartbeat, type Heartbeat } from "./heartbeat.ts";
import type { Replica, Replicas } from "./replicas.ts";

/** How often a server that is well and idle is asked. */
const HEARTBEAT_MS = 1_000;
/** … and one that has been busy with a call for this long, or is not well: a hang, and its end, are to be known early. */
const BUSY_MS = 100;
/** A question open for longer makes a server suspect … */
const SUSPECT_MS = 250;
/** … and for longer than this ejects it. */
const DEAD_MS = 3_000;
/** All its workers busy for this long while calls wait: it is not dead, but no server to choose. */
const JAMMED_MS = 500;
/** Between two connections to a server that is not there. "In use again within 2 s" leaves room for three. */
const RECONNECT_MS = 500;
/**
 * A silent server may answer on the connection that it has (it was stopped), or only on a new one (its host was away, and
 * TCP repeats what was lost ever more rarely): new ones are tried beside the old one, each for this long.
 */
const SECOND_MS = 1_500;
/** A connection that is closed sooner than this after it was made is no idle one. */
const IDLE_AT_LEAST_MS = 1_000;
const TRIAL_TIMEOUT_MS = 3_000;
/** A tick this late means that this process was held up: answers may be waiting unread, so that lateness proves nothing. */
const LAG_MS = 100;

export interface Monitor {
  /** To be called every few 10 ms with the time since the last call. */
  tick(elapsedMs: number): void;
  close(): void;
}

export function createMonitor(address: ServerAddress, replica: Replica, replicas: Replicas, lane: Lane): Monitor {
  let heartbeat: Heartbeat | undefined;
  /** Tried while the first one is silent. */
  let second: Heartbeat | undefined;
  let reconnectAt = 0;
  let isOnTrial = false;
  let isClosed = false;

  function connect(): Heartbeat {
    const one: Heartbeat = startHeartbeat(address, {
      answered() {
        if (one === second) {
          heartbeat?.close();
          heartbeat = one;
          second = undefined;
        }
        beginTrialIfDue();
      },
      ended(code) {
        const wasIdle = code === null && one.ageMs() > IDLE_AT_LEAST_MS;
        reconnectAt = wasIdle ? 0 : performance.now() + RECONNECT_MS;
        if (one === second) {
          second = undefined;
          return;
        }
        heartbeat = second;
        second = undefined;
        if (code !== null) lost(code, describeCode(code));
        // Servers close idle connections; whether this one is still there, the next connection tells at once.
        else if (wasIdle) heartbeat ??= connect();
      },
    });
    return one;
  }

  function lost(code: ErrorCode, message: string): void {
    if (!isClosed) replicas.lost(replica, code, message);
  }

  /** Since it was ejected, or put on trial, the server has given a sign of life. */
  function beginTrialIfDue(): void {
    if (isOnTrial || heartbeat === undefined || heartbeat.answeredAt() < replica.since) return;
    const isDue = replica.state === "trial" || (replica.state === "ejected" && performance.now() >= replica.notBefore);
    if (isDue) void runTrial();
  }

  /** One real call; users' requests come only after it has succeeded. */
  async function runTrial(): Promise<void> {
    isOnTrial = true;
    const begunAt = performance.now();
    if (replica.state === "ejected") {
      replicas.beginTrial(replica);
      // Calls from before may hang on a connection that is no more, until their stoptime: they must not hold up new ones.
      lane.abandonOlderThan(SUSPECT_MS);
    }
    try {
      await lane.call({ kind: "whoami" }, { timeoutMs: TRIAL_TIMEOUT_MS });
      replicas.recovered(replica);
    } catch (error) {
      const code = error instanceof ChirpError ? error.code : "ECONNABORTED";
      const message = error instanceof Error ? error.message : String(error);
      if (!isClosed) replicas.failed(replica, { code, message, path: "" }, begunAt);
    } finally {
      isOnTrial = false;
    }
  }

  function isHanging(one: Heartbeat): boolean {
    const isJammed = lane.waiting > 0 && lane.oldestRunningMs() > JAMMED_MS;
    return isJammed || one.waitingMs() > SUSPECT_MS;
  }

  function searchAnew(): void {
    if (second === undefined) {
      if (performance.now() >= reconnectAt) second = connect();
    } else if (second.waitingMs() > SECOND_MS) {
      second.close();
      second = undefined;
      reconnectAt = performance.now() + RECONNECT_MS;
    }
  }

  return {
    tick(elapsedMs) {
      if (heartbeat === undefined) {
        if (performance.now() >= reconnectAt) heartbeat = connect();
        return;
      }
      const isWatched = replica.state !== "well" || lane.oldestRunningMs() > BUSY_MS;
      if (performance.now() - heartbeat.answeredAt() > (isWatched ? BUSY_MS : HEARTBEAT_MS)) heartbeat.ask();
      beginTrialIfDue();
      if (elapsedMs > LAG_MS) return;
      if (isHanging(heartbeat)) replicas.suspect(replica);
      else replicas.heard(replica);
      if (heartbeat.waitingMs() <= DEAD_MS) return;
      lost("ETIMEDOUT", "no answer to a sign of life");
      searchAnew();
    },
    close() {
      isClosed = true;
      heartbeat?.close();
      second?.close();
      heartbeat = second = undefined;
      reconnectAt = Infinity;
    },
  };
}
