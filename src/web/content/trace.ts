/** How a request went, for log and metrics. */
import type { RpcMeter } from "../../chirp/call_queue.ts";

/** What a request has cost: its own RPCs, and how often it waited for those of another one instead. */
export interface Cost extends RpcMeter {
  shared: number;
}

export interface Trace extends Cost {
  /** Servers asked. */
  tries: number;
  /** How often the body went on from another server. */
  switches: number;
  hedged: boolean;
  /** The server whose answer it was; null when none was asked. */
  server: string | null;
  /** Answered from memory, since no server could be asked. */
  isStale: boolean;
}

export function newTrace(): Trace {
  return { rpcs: 0, shared: 0, tries: 0, switches: 0, hedged: false, server: null, isStale: false };
}

/** What memory did for a request: all of it; nothing; it waited for what another request had asked; or no server could. */
export type CacheUse = "hit" | "miss" | "coalesced" | "stale";

/** Null when no server's file was meant. */
export function cacheUseOf({ server, rpcs, shared, isStale }: Trace): CacheUse | null {
  if (server === null) return null;
  if (isStale) return "stale";
  if (rpcs > 0) return "miss";
  return shared > 0 ? "coalesced" : "hit";
}
