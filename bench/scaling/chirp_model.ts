/** A Chirp server as far as its clients feel it: so many RPCs at a time, each for about 2 ms, and what can go wrong with it. */
import type { ErrorCode } from "../../src/errors.ts";
import { exponential } from "./random.ts";
import type { VirtualTime } from "./virtual_time.ts";

export type Condition = "up" | "slow" | "hung" | "down";

export interface ChirpModel {
  readonly condition: Condition;
  /** RPCs taken so far. */
  readonly rpcs: number;
  /** One RPC on a connection that stands. Exactly one of the two is called, unless the server hangs for ever. */
  serve(done: () => void, failed: (code: ErrorCode) => void): void;
  change(condition: Condition): void;
  /** Called with each change. */
  onChange(listen: (condition: Condition) => void): void;
}

/** An RPC costs the server this much CPU (docs: 1.5 to 3 ms), of which a part always and a part by chance. */
const FIXED_MS = 1.5;
const RANDOM_MS = 0.5;
/** Cores of the server's machine. */
const CORES = 2;
/** What "slow" means: a disk that fails, a neighbour that takes the machine. */
const SLOW_FACTOR = 100;
/** There and back. */
const NETWORK_MS = 0.3;

interface Rpc {
  readonly done: () => void;
  readonly failed: (code: ErrorCode) => void;
}

export function createChirpModel(time: VirtualTime, random: () => number): ChirpModel {
  const listeners: ((condition: Condition) => void)[] = [];
  const running = new Set<Rpc>();
  let waiting: Rpc[] = [];
  let condition: Condition = "up";
  let rpcs = 0;

  function startNext(): void {
    while (running.size < CORES && waiting.length > 0 && condition !== "hung") {
      const rpc = waiting.shift()!;
      running.add(rpc);
      const factor = condition === "slow" ? SLOW_FACTOR : 1;
      time.after(NETWORK_MS + factor * (FIXED_MS + exponential(random, RANDOM_MS)), () => finish(rpc));
    }
  }

  function finish(rpc: Rpc): void {
    // Lost with the server, or held by a stopped one until it goes on.
    if (!running.has(rpc)) return;
    if (condition === "hung") {
      waiting.unshift(rpc);
      running.delete(rpc);
      return;
    }
    running.delete(rpc);
    rpc.done();
    startNext();
  }

  return {
    get condition() {
      return condition;
    },
    get rpcs() {
      return rpcs;
    },
    serve(done, failed) {
      if (condition === "down") {
        time.after(NETWORK_MS, () => failed("ECONNREFUSED"));
        return;
      }
      rpcs++;
      waiting.push({ done, failed });
      startNext();
    },
    change(next) {
      condition = next;
      if (next === "down") {
        const lost = [...running, ...waiting];
        running.clear();
        waiting = [];
        for (const { failed } of lost) time.after(NETWORK_MS, () => failed("ECONNRESET"));
      }
      for (const listen of listeners) listen(next);
      startNext();
    },
    onChange: (listen) => void listeners.push(listen),
  };
}
