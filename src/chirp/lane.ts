/** DRAFT of the interface: written by the lead, implementation follows. */
import type { Operation, OperationKind, Results } from "../protocol.ts";

export interface CallOptions {
  /** Deadline of the whole call, waiting in the queue included. Default: the lane's timeoutMs. */
  readonly timeoutMs?: number;
  /** Gives the call up: at once while it waits in the queue; when it runs already, its answer is thrown away. */
  readonly signal?: AbortSignal;
}

/** One Chirp server's own few workers, its own queue with a limit. All failures are ChirpErrors. */
export interface Lane {
  /** The server as the user wrote it. */
  readonly server: string;
  /** RPCs that the workers have sent so far, connections not counted. */
  readonly rpcs: number;
  call<K extends OperationKind>(
    operation: Extract<Operation, { kind: K }>,
    options?: CallOptions,
  ): Promise<Results[K]>;
  /** Milliseconds since the oldest call now running was handed to a worker; 0 when none runs. */
  oldestRunningMs(): number;
  /** Lets running calls end (at most graceMs), refuses new ones, and ends the workers. */
  close(graceMs?: number): Promise<void>;
}

export interface LaneOptions {
  /** As the user wrote it, e.g. "hostA:9094"; for messages. */
  readonly server: string;
  /** Resolves host names on the main thread; libchirp gets "address:port" only. */
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  /** Calls that may wait beyond those running; one more fails with ENOBUFS. */
  readonly queueLimit: number;
  readonly timeoutMs: number;
  readonly connectTimeoutSeconds: number;
  /** Authentication methods in the order to be tried, and ticket files separated by commas. */
  readonly auth: readonly string[];
  readonly tickets: string;
}

export function createLane(_options: LaneOptions): Lane {
  throw new Error("not there yet");
}
