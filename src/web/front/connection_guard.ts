/**
 * Keeps connections within their limits, whatever clients do. Bun.serve shows nobody a connection before a whole request has come
 * over it, and a byte now and then renews its only timeout: so the kernel is asked, about once a second.
 */
import { readFileSync } from "node:fs";
import { createConnectionPolicy, LOOK_MS, LOOK_MS_MAX, type CutReason } from "./connection_policy.ts";
import { openInbound, type Inbound } from "./inbound.ts";

export interface ConnectionCounters {
  /** As they were when it was last looked, within the last second or so. */
  open: number;
  limit: number;
  /** Ended by us so far. */
  readonly cut: Record<CutReason, number>;
}

export interface GuardOptions {
  readonly port: number;
  /** From options; what the system's limit of open files leaves room for, if that is less. */
  readonly maxConnections: number;
  /** Null: none. */
  readonly maxPerClient: number | null;
  readonly exempt: ReadonlySet<string>;
  /** How long a request may take to become whole. */
  readonly requestMs: number;
  readonly mustDrip: boolean;
  readonly onUnexpected: (error: unknown) => void;
}

export interface ConnectionGuard {
  readonly counters: ConnectionCounters;
  /** A request from this port of a client takes its time. */
  begin(clientPort: number): void;
  end(clientPort: number): void;
  stop(): void;
}

/** Above half of the limit it is looked more often: so many new connections in a tenth of a second would be a feat. */
const CROWDED_LOOK_MS = 100;

/** Looking may take this part of the time of the main thread (some 5 µs for each connection) … */
const SHARE = 0.02;
/** … and more when there are many. */
const CROWDED_SHARE = 0.1;

const NOT_GUARDED = "cannot look at the connections; until that is possible, nothing limits them";

export function startConnectionGuard(options: GuardOptions): ConnectionGuard {
  const limit = Math.min(options.maxConnections, connectionsPossible());
  const counters: ConnectionCounters = { open: 0, limit, cut: { slow_request: 0, limit: 0, client_limit: 0 } };
  const look = createConnectionPolicy({
    requestMs: options.requestMs,
    mustDrip: options.mustDrip,
    connections: limit,
    perClient: options.maxPerClient ?? Infinity,
    exempt: options.exempt,
  });
  /** Requests being answered that were not answered at once, until the last of it was handed over, by the client's port. */
  const answering = new Map<number, number>();
  let inbound: Inbound | undefined;
  let timer: Timer | undefined;
  let isFailing = false;
  let isStopped = false;

  /** How long until it should be looked again. */
  async function keepWithinLimits(): Promise<number> {
    // Not before there was time to spare: a start should be quick.
    inbound ??= openInbound(options.port);
    const { connections, busyMs } = await inbound.list();
    const startedAt = performance.now();
    const cuts = look(connections, startedAt, (port) => answering.has(port));
    for (const { connection, reason } of cuts) {
      inbound.cut(connection);
      counters.cut[reason]++;
    }
    counters.open = connections.length - cuts.length;
    const isCrowded = counters.open > limit / 2;
    const restMs = (busyMs + performance.now() - startedAt) / (isCrowded ? CROWDED_SHARE : SHARE);
    return Math.min(LOOK_MS_MAX, Math.max(isCrowded ? CROWDED_LOOK_MS : LOOK_MS, restMs));
  }

  async function watch(): Promise<void> {
    let nextMs = LOOK_MS;
    try {
      nextMs = await keepWithinLimits();
      isFailing = false;
    } catch (error) {
      // Once, not every second.
      if (!isFailing) options.onUnexpected(new Error(`${NOT_GUARDED} (${String(error)})`, { cause: error }));
      isFailing = true;
    }
    if (!isStopped) plan(nextMs);
  }

  function plan(afterMs: number): void {
    timer = setTimeout(() => void watch(), afterMs);
    timer.unref();
  }
  plan(LOOK_MS);

  return {
    counters,
    begin: (port) => void answering.set(port, (answering.get(port) ?? 0) + 1),
    end(port) {
      const count = (answering.get(port) ?? 0) - 1;
      if (count > 0) answering.set(port, count);
      else answering.delete(port);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** Files that are open without clients: connections to Chirp servers, the library, logs. */
const RESERVED_FILES = 256;

/** How many connections the limit of open files allows: beyond it, Chirp servers could not be reached any more. */
function connectionsPossible(): number {
  const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  const files = soft === undefined ? Infinity : Number(soft);
  return Math.max(files - RESERVED_FILES, Math.ceil(files / 2));
}
