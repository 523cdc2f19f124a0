/**
 * Watches one server: a heartbeat on a connection that is held, and, before it is used again after a failure, a trial with
 * a real call (whoami: connect, authenticate, one RPC). All it finds out goes to replicas.ts, which decides.
 */
import type { Lane } from "../chirp/lane.ts";
import { hostPort, type ServerAddress } from "../chirp/server_address.ts";
import { ChirpError, describeCode, type ErrorCode } from "../errors.ts";
import { startHeartbeat, type Heartbeat } from "./heartbeat.ts";
import type { Replica, Replicas } from "./replicas.ts";

/** How often an idle server is asked. */
const HEARTBEAT_MS = 1_000;
/** … and one that has been busy with a call for this long: a hang is to be known before it hurts. */
const BUSY_MS = 100;
/** A question open for longer makes a server suspect … */
const SUSPECT_MS = 250;
/** … and for longer than this ejects it. */
const DEAD_MS = 3_000;
/** All its workers busy for this long while calls wait: it is not dead, but no server to choose. */
const JAMMED_MS = 500;
/** Between two connections to a server that is not there. "In use again within 2 s" leaves room for two. */
const RECONNECT_MS = 500;
const TRIAL_TIMEOUT_MS = 5_000;
/** A tick this late means that this process was held up: answers may be waiting unread, so that lateness proves nothing. */
const LAG_MS = 100;

export interface Monitor {
  /** To be called every few 10 ms with the time since the last call. */
  tick(elapsedMs: number): void;
  close(): void;
}

export function createMonitor(address: ServerAddress, replica: Replica, replicas: Replicas, lane: Lane): Monitor {
  let heartbeat: Heartbeat | undefined;
  let reconnectAt = 0;
  let isOnTrial = false;
  let isClosed = false;

  function connect(): void {
    heartbeat = startHeartbeat(address, {
      answered: () => void beginTrialIfDue(),
      ended(code) {
        heartbeat = undefined;
        // Servers close idle connections; whether this one is still there, the next connection will tell at once.
        reconnectAt = code === null ? 0 : performance.now() + RECONNECT_MS;
        if (code === null) connect();
        else accuse(code, `${describeCode(code)} (${hostPort(address.host, address.port)})`);
      },
    });
  }

  function accuse(code: ErrorCode, message: string): void {
    if (!isClosed) replicas.failed(replica, code, message);
  }

  /** One real call; users' requests come only after it has succeeded. */
  async function beginTrialIfDue(): Promise<void> {
    const isTimely =
      replica.state === "trial" || (replica.state === "ejected" && performance.now() >= replica.notBefore);
    if (!isTimely || isOnTrial) return;
    isOnTrial = true;
    replicas.beginTrial(replica);
    // Calls from before may hang on a connection that is no more, until their stoptime: they must not hold up new ones.
    lane.abandonOlderThan(SUSPECT_MS);
    try {
      await lane.call({ kind: "whoami" }, { timeoutMs: TRIAL_TIMEOUT_MS });
      replicas.recovered(replica);
    } catch (error) {
      const code = error instanceof ChirpError ? error.code : "ECONNABORTED";
      accuse(code, error instanceof Error ? error.message : String(error));
    } finally {
      isOnTrial = false;
    }
  }

  function isHanging(): boolean {
    const isJammed = lane.waiting > 0 && lane.oldestRunningMs() > JAMMED_MS;
    return isJammed || (heartbeat?.waitingMs() ?? 0) > SUSPECT_MS;
  }

  return {
    tick(elapsedMs) {
      if (heartbeat === undefined) {
        if (performance.now() >= reconnectAt) connect();
        return;
      }
      if (elapsedMs > LAG_MS) return;
      const isBusy = lane.oldestRunningMs() > BUSY_MS;
      if (heartbeat.silentMs() > (isBusy ? BUSY_MS : HEARTBEAT_MS)) heartbeat.ask();
      if (isHanging()) replicas.suspect(replica);
      else replicas.heard(replica);
      if (heartbeat.waitingMs() > DEAD_MS) {
        heartbeat.close();
        heartbeat = undefined;
        reconnectAt = performance.now() + RECONNECT_MS;
        accuse("ETIMEDOUT", "no answer to a sign of life");
      }
    },
    close() {
      isClosed = true;
      heartbeat?.close();
      heartbeat = undefined;
      reconnectAt = Infinity;
    },
  };
}
