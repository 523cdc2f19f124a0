/**
 * A Chirp worker: one thread, one private copy of the native library, one connection to one server. It takes blocking jobs
 * from its lane (src/chirp/lane.ts) one after the other. The messages are in protocol.ts.
 */
import { type Chirp, openChirp } from "./ffi.ts";
import { LibraryError } from "./chirp/library.ts";
import { ChirpError } from "./errors.ts";
import { createExecutor, type Executor } from "./chirp/execute.ts";
import type { End, OperationKind, Reply, Request, Setup } from "./protocol.ts";
import { compileAsUsual, delayCompiling } from "./program/jit_policy.ts";

declare const self: Worker;

/** All that a run with nothing to do asks for, and so many of them at most: whatever comes besides comes in numbers. */
const looks: ReadonlySet<OperationKind> = new Set<OperationKind>(["whoami", "stat", "lstat", "list"]);
const LOOKS_MAX = 200;

delayCompiling();
let isJustLooking = true;

let execute: Executor | undefined;
let rpcs: () => number = () => 0;
let chirp: Chirp | undefined;

self.onmessage = ({ data: message }: MessageEvent<Setup | Request | End>) => {
  switch (message.kind) {
    case "setup":
      return setUp(message);
    case "request":
      return serve(message);
    case "end":
      return end();
    default:
      message satisfies never;
  }
};

function setUp({ host, server, auth, tickets, connectTimeoutSeconds }: Setup): void {
  try {
    chirp = openChirp({ host, server, auth, tickets, connectTimeoutSeconds });
    execute = createExecutor(chirp);
    rpcs = chirp.rpcs;
    post({ kind: "ready" });
  } catch (error) {
    // Without its library no worker will ever work, so that dying and being replaced would go on for ever.
    if (!(error instanceof LibraryError) && !(error instanceof ChirpError)) throw error;
    post({ kind: "unusable", message: error.message });
  }
}

/** In good order. A worker that ends in another way takes its connection with it as well (native/chirp_shim.c). */
function end(): void {
  chirp?.[Symbol.dispose]();
  process.exit(0);
}

function serve({ id, operation, timeoutSeconds }: Request): void {
  if (execute === undefined) throw new Error("a request came before the setup");
  if (isJustLooking && (!looks.has(operation.kind) || id >= LOOKS_MAX)) {
    isJustLooking = false;
    compileAsUsual();
  }
  const before = rpcs();
  try {
    const { result, transfer } = execute(operation, timeoutSeconds);
    post({ kind: "done", id, result, rpcs: rpcs() - before }, transfer);
  } catch (error) {
    // Anything else is a bug: this worker dies of it, and is replaced.
    if (!(error instanceof ChirpError)) throw error;
    post({ kind: "failed", id, failure: error.toFailure(), rpcs: rpcs() - before });
  }
}

function post(reply: Reply, transfer: readonly ArrayBuffer[] = []): void {
  self.postMessage(reply, [...transfer]);
}
