/** A lane of the web server (src/chirp/lane.ts) in front of a server's model: a few workers, a queue with a limit. */
import { ChirpError, type ErrorCode } from "../../src/errors.ts";
import type { ChirpModel } from "./chirp_model.ts";
import type { VirtualTime } from "./virtual_time.ts";

export interface LaneModel {
  readonly waiting: number;
  /** Milliseconds that the oldest running call has been running; 0 when there is none. */
  oldestRunningMs(): number;
  call(): Promise<void>;
  /** Gives up calls that have run for longer. */
  abandonOlderThan(ms: number): void;
}

/** As in src/replicas/pool.ts and src/web/content/replica_view.ts. */
const WORKERS = 3;
const QUEUE_LIMIT = 1_000;
const TIMEOUT_MS = 5_000;

interface Call {
  readonly resolve: () => void;
  readonly reject: (error: ChirpError) => void;
  startedAt: number;
  isSettled: boolean;
}

export function createLaneModel(server: string, chirp: ChirpModel, time: VirtualTime): LaneModel {
  const running = new Set<Call>();
  const waiting = new Set<Call>();

  function settle(call: Call, act: () => void): void {
    running.delete(call);
    waiting.delete(call);
    if (call.isSettled) return;
    call.isSettled = true;
    act();
    startNext();
  }

  function fail(call: Call, code: ErrorCode): void {
    settle(call, () => call.reject(new ChirpError({ code, operation: "getFile", path: "", server })));
  }

  function startNext(): void {
    for (const call of waiting) {
      if (running.size >= WORKERS) return;
      waiting.delete(call);
      running.add(call);
      call.startedAt = time.now();
      chirp.serve(
        () => settle(call, call.resolve),
        (code) => fail(call, code),
      );
    }
  }

  return {
    get waiting() {
      return waiting.size;
    },
    oldestRunningMs() {
      // In the order of their start.
      const [oldest] = running;
      return oldest === undefined ? 0 : time.now() - oldest.startedAt;
    },
    call() {
      return new Promise((resolve, reject) => {
        const call: Call = { resolve, reject, startedAt: 0, isSettled: false };
        if (waiting.size >= QUEUE_LIMIT) return fail(call, "ENOBUFS");
        waiting.add(call);
        time.after(TIMEOUT_MS, () => fail(call, waiting.has(call) ? "ENOBUFS" : "ETIMEDOUT"));
        startNext();
      });
    },
    abandonOlderThan(ms) {
      for (const call of [...running]) if (time.now() - call.startedAt > ms) fail(call, "ETIMEDOUT");
    },
  };
}
