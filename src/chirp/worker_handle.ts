/** The main thread's side of one worker: starts it, hands it one call at a time, hears its end. */
import { ChirpError } from "../errors.ts";
import type { End, Reply, Request, Setup } from "../protocol.ts";
import type { Call } from "./call_queue.ts";
import { LibraryError } from "./library.ts";
import { resolveHost } from "./resolve_host.ts";
import { hostPort } from "./server_address.ts";
import { takeWorker } from "./spare_workers.ts";

export interface WorkerHandle {
  /** The call it works on. */
  readonly call: Call | undefined;
  /** Milliseconds since the call was handed over; 0 when there is none. */
  runningMs(): number;
  restingMs(): number;
  /** Milliseconds past the stoptime of its call; negative before. */
  overdueMs(): number;
  run(call: Call): void;
  /** Only between calls: see lane.ts. */
  terminate(): void;
}

export interface WorkerEvents {
  /** Where the server is. */
  resolved(address: string): void;
  /** A call was answered, with this many RPCs and in this time; the worker is free. */
  answered(rpcs: number, ms: number): void;
  /** The worker is gone, with the call it had. reason: a message, or the error that every call will meet. */
  ended(call: Call | undefined, reason: string | Error): void;
}

export interface WorkerOptions {
  /** As the user wrote it, e.g. "hostA:9094"; for messages. */
  readonly server: string;
  /** A name or an address; names are resolved here, on the main thread, each time a worker starts. */
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutSeconds: number;
  /** Authentication methods in the order to be tried, and ticket files separated by commas. */
  readonly auth: readonly string[];
  readonly tickets: string;
}

export function startWorker(options: WorkerOptions, events: WorkerEvents): WorkerHandle {
  const { server, host, port, connectTimeoutSeconds, auth, tickets } = options;
  const worker = takeWorker();
  let call: Call | undefined;
  let requestId = 0;
  let changedAt = performance.now();
  let stoptime = Infinity;
  let hasEnded = false;

  function end(reason: string | Error): void {
    if (hasEnded) return;
    hasEnded = true;
    const last = call;
    call = undefined;
    events.ended(last, reason);
  }

  function answer(settle: (call: Call) => void, rpcs: number): void {
    const answered = call;
    const beganAt = changedAt;
    call = undefined;
    changedAt = performance.now();
    if (answered?.meter !== undefined) answered.meter.rpcs += rpcs;
    if (answered !== undefined) settle(answered);
    events.answered(rpcs, changedAt - beganAt);
  }

  worker.onmessage = ({ data: reply }: MessageEvent<Reply>) => {
    switch (reply.kind) {
      case "ready":
        return;
      case "unusable":
        end(new LibraryError(reply.message));
        worker.terminate();
        return;
      case "done":
        return answer((settled) => settled.resolve(reply.result), reply.rpcs);
      case "failed":
        return answer((settled) => settled.reject(new ChirpError(reply.failure)), reply.rpcs);
      default:
        reply satisfies never;
    }
  };
  worker.onerror = (event) => end(`worker failed: ${describeCrash(event.message)}`);
  worker.addEventListener("close", () => end("worker ended"));

  // Messages are kept until the worker listens, so that a request may follow at once.
  const setup = resolveHost(server, host).then((address) => {
    events.resolved(address);
    worker.postMessage({
      kind: "setup",
      host: hostPort(address, port),
      server,
      auth,
      tickets,
      connectTimeoutSeconds,
    } satisfies Setup);
  });
  const isSetUp = setup.then(
    () => true,
    (error: unknown) => {
      end(error instanceof Error ? error : String(error));
      worker.terminate();
      return false;
    },
  );

  return {
    get call() {
      return call;
    },
    runningMs: () => (call === undefined ? 0 : performance.now() - changedAt),
    restingMs: () => (call === undefined ? performance.now() - changedAt : 0),
    overdueMs: () => (call === undefined ? -Infinity : performance.now() - stoptime),
    run(next) {
      call = next;
      changedAt = performance.now();
      // libchirp compares whole seconds: one more keeps it from giving up before the deadline.
      const timeoutSeconds = Math.max(1, Math.ceil((next.deadline - changedAt) / 1000));
      stoptime = changedAt + (timeoutSeconds + 1) * 1000;
      const request: Request = { kind: "request", id: ++requestId, operation: next.operation, timeoutSeconds };
      void isSetUp.then((ok) => {
        if (ok) worker.postMessage(request);
      });
    },
    terminate() {
      hasEnded = true;
      worker.postMessage({ kind: "end" } satisfies End);
    },
  };
}

/**
 * One line of what Bun says of an uncaught error, which is the source around it, the error's words and the stack:
 *
 *     "1 | f()\n    ^\nTypeError: f is no function\n      at g (file.ts:1:1)\n" → "TypeError: f is no function at g (file.ts:1:1)"
 */
function describeCrash(message: string): string {
  const lines = message.split("\n").filter((line) => line.trim() !== "" && !/^\s*(\d+ \||\^)/.test(line));
  const where = lines.find((line) => /^\s+at /.test(line));
  return `${lines[0] ?? "no reason given"}${where === undefined ? "" : ` ${where.trim()}`}`;
}
