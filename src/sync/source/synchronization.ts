/** What one synchronisation is asked to do, and what its parts for several targets share. */
import { ChirpError } from "../../errors.ts";
import type { DirectoryEntry, FileStat } from "../../protocol.ts";
import type { Connections } from "../store/connections.ts";
import type { Endpoint } from "../store/endpoint.ts";
import type { SyncOptions } from "../options/options.ts";
import type { Counts, Ending, SyncEvent } from "../output/report.ts";
import type { SharedSource } from "./shared_source.ts";
import { createRetryingStore } from "../store/retrying_store.ts";
import type { Store } from "../store/store.ts";

export interface Synchronization {
  readonly source: Endpoint;
  readonly targets: readonly Endpoint[];
  /** A target on the source's server, whatever name it has, is none. */
  readonly leaveOutSource?: boolean;
  readonly options: SyncOptions;
  /** Stay open: whoever made them closes them. */
  readonly connections: Connections;
  /** Compare only: differences are told, nothing is changed. */
  readonly check: boolean;
  readonly emit: (event: SyncEvent) => void;
  /** Ends the run after what is in hand. */
  readonly stop: AbortSignal;
  /** Ends it at once, leaving what is in hand in staging. */
  readonly abort: AbortSignal;
  /** Called with the counts of each target as its run begins; they change as it goes on. */
  readonly watch?: (replica: string, counts: Readonly<Counts>) => void;
}

/** The source as it was found at the start. */
export interface SourceRoot {
  readonly endpoint: Endpoint;
  /** "address:port", resolved. */
  readonly server: string;
  /** Refuses to write. */
  readonly store: Store;
  /** The same, for what the source server is to write elsewhere (--server-side). */
  readonly sender: Store;
  readonly stat: FileStat;
  readonly entries: readonly DirectoryEntry[];
  readonly shared: SharedSource;
}

/** The ending that a failure of a whole server makes. */
export function endingOf(error: ChirpError, stop: AbortSignal, atStart: boolean): Ending {
  if (stop.aborted) return { stage: "interrupted", code: error.code, message: "interrupted" };
  // Nobody asked for it: a worker of ours has failed, and the message says of what.
  if (error.code === "ECONNABORTED") {
    return { stage: "interrupted", code: error.code, message: `interrupted: ${error.message}` };
  }
  return { stage: atStart ? "connect" : "lost", code: error.code, message: error.message };
}

const BACKOFF_MS = 1000;

/** An endpoint's store, with the patience that the options ask for; a server given up in one run is tried again in the next. */
export function openStore({ connections, options, abort }: Synchronization, endpoint: Endpoint): Store {
  const { retries, timeoutSeconds } = options;
  const timeoutMs = timeoutSeconds * 1000;
  return createRetryingStore(connections.store(endpoint), { retries, timeoutMs, backoffMs: BACKOFF_MS, signal: abort });
}

/** Connects and authenticates. A host that is dead at the start is told at once: what is tried twice is a connection of an earlier run. */
export async function connect({ connections, options, abort }: Synchronization, endpoint: Endpoint): Promise<void> {
  const store = connections.store(endpoint);
  const call = { timeoutMs: options.connectTimeoutSeconds * 1000, signal: abort };
  try {
    await store.call({ kind: "whoami" }, call);
  } catch (error) {
    if (!(error instanceof ChirpError) || error.code !== "ECONNRESET") throw error;
    await store.call({ kind: "whoami" }, call);
  }
}
