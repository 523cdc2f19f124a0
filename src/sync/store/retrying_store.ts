import { ChirpError } from "../../errors.ts";
import type { Operation, OperationKind } from "../../protocol.ts";
import type { Store } from "./store.ts";

export interface RetryOptions {
  /** Tries after the first. */
  readonly retries: number;
  readonly timeoutMs: number;
  /** Seconds before the first retry; doubled each time. */
  readonly backoffMs: number;
  /** Ends waiting and running calls at once. */
  readonly signal: AbortSignal;
}

/**
 * The same store, its RPCs counted from now, patient with a server that is away for a moment. An operation that fails because of the server is tried
 * again after 1, 2, 4 … seconds. When that did not help the server counts as dead: this call and all later ones fail at
 * once with the same error, so that a dead host costs its patience once and not once a file. A timeout is not tried
 * again: it was patience already. `write` and `close` are not repeated here, since the worker's open file is gone with the
 * connection; the copy of a large file resumes by itself.
 */
export function createRetryingStore(store: Store, options: RetryOptions): Store {
  let dead: ChirpError | null = null;
  const rpcsBefore = store.rpcs;
  return {
    server: store.server,
    get rpcs() {
      return store.rpcs - rpcsBefore;
    },
    async call(operation, callOptions) {
      for (let attempt = 0; ; attempt++) {
        if (dead !== null) throw dead;
        if (options.signal.aborted) throw interrupted(store.server, operation.kind);
        try {
          const timeoutMs = options.timeoutMs + bytesOf(operation) / SLOWEST_BYTES_PER_MS;
          return await store.call(operation, { timeoutMs, signal: options.signal, ...callOptions });
        } catch (error) {
          if (!(error instanceof ChirpError) || options.signal.aborted) throw error;
          // No worker was free in time: all wait for a server that is slow, or hangs, which may have come out by now.
          const isCrowded = error.code === "ENOBUFS";
          if (isCrowded && dead !== null) throw dead;
          if (!isCrowded && error.blame !== "server") throw error;
          if (operation.kind === "close" || operation.kind === "write") throw error;
          if (error.code === "ETIMEDOUT" || error.code === "EKEYREJECTED" || attempt >= options.retries) {
            if (!isCrowded) dead = error;
            throw error;
          }
          await pause(options.backoffMs * 2 ** attempt, options.signal);
        }
      }
    },
    close: (graceMs) => store.close(graceMs),
  };
}

/** Bytes take their time on top of the timeout: 4 MB/s. */
const SLOWEST_BYTES_PER_MS = 4000;

function bytesOf(operation: Operation): number {
  switch (operation.kind) {
    case "getFileInto":
      return operation.buffer.byteLength;
    case "read":
      return operation.length;
    case "store":
    case "write":
    case "putFile":
      return operation.bytes.byteLength;
    default:
      return 0;
  }
}

/** The failure of what was given up because the whole run was. */
export function interrupted(server: string, operation: OperationKind): ChirpError {
  return new ChirpError({ code: "ECONNABORTED", operation, path: "", server, detail: "interrupted" });
}

/** Resolves after so many milliseconds, or as soon as the signal is given. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
  });
}
