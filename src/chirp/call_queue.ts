/** The calls of a lane that wait for a worker: first come, first served, bounded, each with a deadline. */
import type { ErrorCode } from "../errors.ts";
import type { Operation, OperationKind, Results } from "../protocol.ts";

/** One call from its caller's point of view: settled once, the first time wins. */
export interface Call {
  readonly operation: Operation;
  /** performance.now() by which the caller wants an answer. */
  readonly deadline: number;
  readonly isSettled: boolean;
  /** To be told what the call has cost. */
  readonly meter: RpcMeter | undefined;
  resolve(result: Results[OperationKind]): void;
  reject(error: Error): void;
}

/** Adds up the RPCs that calls have sent, connections not counted. */
export interface RpcMeter {
  rpcs: number;
}

export interface CallQueue {
  readonly size: number;
  /** Waits for an answer. Rejects with ENOBUFS when too many wait or no worker is free in time, ETIMEDOUT when the worker has no answer at the deadline, ECONNABORTED on the signal. */
  add(
    operation: Operation,
    deadline: number,
    options?: { readonly signal?: AbortSignal; readonly meter?: RpcMeter },
  ): Promise<Results[OperationKind]>;
  /** The calls in order; may be changed while it is walked. */
  waiting(): Iterable<Call>;
  remove(call: Call): void;
  rejectAll(detail: string): void;
}

type Failure = (code: ErrorCode, operation: Operation, detail?: string) => Error;

export function createCallQueue(limit: number, failure: Failure): CallQueue {
  const calls = new Set<Call>();

  return {
    get size() {
      return calls.size;
    },
    add(operation, deadline, { signal, meter } = {}) {
      if (signal?.aborted) return Promise.reject(failure("ECONNABORTED", operation));
      if (calls.size >= limit) return Promise.reject(failure("ENOBUFS", operation));
      return new Promise((resolve, reject) => {
        const call = createCall({ operation, deadline, meter }, resolve, reject, settle);
        const timer = setTimeout(timeOut, deadline - performance.now());
        const giveUp = () => call.reject(failure("ECONNABORTED", operation));
        signal?.addEventListener("abort", giveUp);
        calls.add(call);

        /** Having waited here all the time is no fault of the server's. */
        function timeOut(): void {
          const code = calls.has(call) ? "ENOBUFS" : "ETIMEDOUT";
          call.reject(failure(code, operation, code === "ENOBUFS" ? "no worker was free in time" : undefined));
        }
        function settle(): void {
          clearTimeout(timer);
          signal?.removeEventListener("abort", giveUp);
          calls.delete(call);
        }
      });
    },
    waiting: () => calls,
    remove: (call) => void calls.delete(call),
    rejectAll(detail) {
      for (const call of [...calls]) call.reject(failure("ECONNABORTED", call.operation, detail));
    },
  };
}

function createCall(
  question: Pick<Call, "operation" | "deadline" | "meter">,
  resolve: (result: Results[OperationKind]) => void,
  reject: (error: Error) => void,
  onSettled: () => void,
): Call {
  let isSettled = false;

  function settleOnce(settle: () => void): void {
    if (isSettled) return;
    isSettled = true;
    onSettled();
    settle();
  }

  return {
    ...question,
    get isSettled() {
      return isSettled;
    },
    resolve: (result) => settleOnce(() => resolve(result)),
    reject: (error) => settleOnce(() => reject(error)),
  };
}
