/**
 * One Chirp server's own few workers, its own queue with a limit.
 *
 * A server is served by its own workers and no others, so that one that hangs parks its own lane and nothing else. Workers
 * start when they are first needed. One that does not answer within its stoptime is abandoned and replaced: it must not be
 * terminated inside a Chirp call, since the signals that Bun sends then restart libchirp's poll with its full timeout.
 */
import { ChirpError, type ErrorCode } from "../errors.ts";
import type { Operation, OperationKind, Results } from "../protocol.ts";
import { createOpenPaths } from "./open_paths.ts";
import { createCallQueue, type Call, type RpcMeter } from "./call_queue.ts";
import { createWorkerDemand, START_AFTER_MS } from "./worker_demand.ts";
import { startWorker, type WorkerHandle, type WorkerOptions } from "./worker_handle.ts";

export interface CallOptions {
  /** Deadline of the whole call, waiting in the queue included. Default: the lane's timeoutMs. */
  readonly timeoutMs?: number;
  /** Gives the call up: at once while it waits in the queue; when it runs already, its answer is thrown away. */
  readonly signal?: AbortSignal;
  /** To be told how many RPCs the call has cost, also when it fails; what it costs after being given up is not told. */
  readonly meter?: RpcMeter;
}

export interface Lane {
  /** The server as the user wrote it. */
  readonly server: string;
  /** RPCs that the workers have sent so far, connections not counted. */
  readonly rpcs: number;
  /** Calls running and waiting. */
  readonly running: number;
  readonly waiting: number;
  /** Rejects with ChirpError; with LibraryError when the native library is missing or out of date. */
  call<K extends OperationKind>(operation: Extract<Operation, { kind: K }>, options?: CallOptions): Promise<Results[K]>;
  /** Milliseconds since the oldest call now running was handed to a worker; 0 when none runs. */
  oldestRunningMs(): number;
  /**
   * Gives up the calls that have been running for longer than this and the workers that run them. For a server known to be
   * well again: its new connections work while old ones may hang until their stoptime.
   */
  abandonOlderThan(ms: number): void;
  /** Lets running calls end (at most graceMs), refuses new ones, and ends the workers. */
  close(graceMs?: number): Promise<void>;
}

export interface LaneOptions extends WorkerOptions {
  readonly workers: number;
  /** How many of them can be of use at a time while calls are short, to a server at this address. Default: all. */
  readonly usefulWorkers?: (address: string) => number;
  /** Calls that may wait beyond those running; one more fails with ENOBUFS. */
  readonly queueLimit: number;
  readonly timeoutMs: number;
}

/** A worker answers within its stoptime, which counts whole seconds; what is silent for this much longer is stuck. */
const STUCK_AFTER_MS = 3_000;

/** Abandoned workers that may exist at a time: each is a thread of a few MB until its stoptime frees it. */
const ABANDONED_MAX = 8;

/** How often deadlines of stuck workers and waiting reads are looked at while calls are running. */
const TICK_MS = 100;

/** A read waits this long for the worker that has its file open, before another one opens it too. */
const AFFINITY_WAIT_MS = 50;

export function createLane(options: LaneOptions): Lane {
  const { server } = options;
  const workers = new Set<WorkerHandle>();
  const abandoned = new Set<WorkerHandle>();
  const openPaths = createOpenPaths<WorkerHandle>();
  /** Who alone can carry an operation out. */
  const pinned = new WeakMap<Operation, WorkerHandle>();
  const queue = createCallQueue(options.queueLimit, (code, operation, detail) => failure(code, operation, detail));
  let rpcs = 0;
  let isClosed = false;
  let ticker: Timer | undefined;
  let address: string | null = null;
  const { usefulWorkers } = options;
  const demand = createWorkerDemand(usefulWorkers && (() => (address === null ? 1 : usefulWorkers(address))));
  let later: Timer | undefined;

  function failure(code: ErrorCode, operation: Operation, detail?: string): ChirpError {
    const path = operation.kind === "whoami" ? "" : operation.path;
    return new ChirpError({ code, operation: operation.kind, path, server, ...(detail ? { detail } : {}) });
  }

  function dispatch(): void {
    for (const call of queue.waiting()) {
      const worker = workerFor(call);
      if (worker === "later") continue;
      if (worker === "gone") {
        call.reject(failure("ECONNRESET", call.operation, "the connection that it was opened by is gone"));
        continue;
      }
      if (worker === undefined) break;
      queue.remove(call);
      const { operation } = call;
      if (operation.kind === "read" || operation.kind === "write")
        openPaths.used(operation.kind, operation.path, worker);
      worker.run(call);
    }
    if (queue.size === 0) demand.allServed(performance.now());
    if (workers.size > 0 || abandoned.size > 0 || queue.size > 0) ticker ??= startTicker();
  }

  /** The reader of its file when that is soon free, else the worker that has rested longest (it answers fastest), else a new one. */
  function workerFor(call: Call): WorkerHandle | "later" | "gone" | undefined {
    const only = pinned.get(call.operation);
    if (only !== undefined) return !workers.has(only) ? "gone" : only.call === undefined ? only : "later";
    const reader = call.operation.kind === "read" ? openPaths.readerOf(call.operation.path) : undefined;
    if (reader !== undefined && workers.has(reader)) {
      if (reader.call === undefined) return reader;
      if (reader.runningMs() < AFFINITY_WAIT_MS) return "later";
    }
    let rested: WorkerHandle | undefined;
    for (const worker of workers) {
      if (worker.call === undefined && (rested === undefined || worker.restingMs() > rested.restingMs()))
        rested = worker;
    }
    return rested ?? (isWorkerWanted() ? start() : undefined);
  }

  function isWorkerWanted(): boolean {
    if (workers.size >= options.workers || abandoned.size >= ABANDONED_MAX) return false;
    const runningMs = [...workers].map((worker) => worker.runningMs());
    if (demand.isWanted(queue.size, runningMs, performance.now())) return true;
    // They may be at one long call each.
    later ??= setTimeout(lookAgain, START_AFTER_MS).unref();
    return false;
  }

  function lookAgain(): void {
    later = undefined;
    dispatch();
  }

  function ask(operation: Operation, callOptions: CallOptions): Promise<Results[OperationKind]> {
    const { timeoutMs = options.timeoutMs } = callOptions;
    const promise = queue.add(operation, performance.now() + timeoutMs, callOptions);
    dispatch();
    return promise;
  }

  /** By every worker that has it open: each may have an error of its own to tell. */
  async function closeEverywhere(operation: Extract<Operation, { kind: "close" }>, callOptions: CallOptions) {
    const closings = openPaths
      .takeHolders(operation.path)
      .filter((worker) => workers.has(worker))
      .map((worker) => {
        const own = { ...operation };
        pinned.set(own, worker);
        return ask(own, callOptions);
      });
    for (const closed of await Promise.allSettled(closings)) if (closed.status === "rejected") throw closed.reason;
    return null;
  }

  function start(): WorkerHandle {
    let hasAnswered = false;
    const worker = startWorker(options, {
      resolved: (found) => void (address = found),
      answered(count, ms) {
        rpcs += count;
        // The first call connected as well.
        if (hasAnswered) demand.answered(ms);
        hasAnswered = true;
        if (abandoned.delete(worker)) worker.terminate();
        dispatch();
      },
      ended(call, reason) {
        workers.delete(worker);
        abandoned.delete(worker);
        call?.reject(reason instanceof Error ? reason : failure("ECONNABORTED", call.operation, reason));
        dispatch();
      },
    });
    workers.add(worker);
    demand.started();
    return worker;
  }

  function abandon(worker: WorkerHandle): void {
    workers.delete(worker);
    abandoned.add(worker);
    const { call } = worker;
    call?.reject(failure("ETIMEDOUT", call.operation));
  }

  function startTicker(): Timer {
    const timer = setInterval(() => {
      for (const worker of workers) if (worker.overdueMs() > STUCK_AFTER_MS) abandon(worker);
      dispatch();
      const isQuiet =
        queue.size === 0 && abandoned.size === 0 && [...workers].every((worker) => worker.call === undefined);
      if (!isQuiet) return;
      clearInterval(ticker);
      ticker = undefined;
    }, TICK_MS);
    timer.unref();
    return timer;
  }

  function running(): WorkerHandle[] {
    return [...workers].filter((worker) => worker.call !== undefined);
  }

  return {
    server,
    get rpcs() {
      return rpcs;
    },
    get running() {
      return running().length;
    },
    get waiting() {
      return queue.size;
    },
    call<K extends OperationKind>(operation: Extract<Operation, { kind: K }>, callOptions: CallOptions = {}) {
      if (isClosed) return Promise.reject(failure("ECONNABORTED", operation, "shutting down"));
      const asked: Operation = operation;
      const answer = asked.kind === "close" ? closeEverywhere(asked, callOptions) : ask(asked, callOptions);
      return answer as Promise<Results[K]>;
    },
    oldestRunningMs() {
      return Math.max(0, ...running().map((worker) => worker.runningMs()));
    },
    abandonOlderThan(ms) {
      for (const worker of running()) if (worker.runningMs() > ms && abandoned.size < ABANDONED_MAX) abandon(worker);
      dispatch();
    },
    async close(graceMs = 0) {
      isClosed = true;
      queue.rejectAll("shutting down");
      const deadline = performance.now() + graceMs;
      while (running().length > 0 && performance.now() < deadline) await Bun.sleep(10);
      clearInterval(ticker);
      for (const worker of running()) abandon(worker);
      for (const worker of workers) worker.terminate();
      workers.clear();
    },
  };
}
