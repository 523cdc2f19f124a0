/** Which connections are to be ended: too many of them, or one whose request never becomes whole. Pure. */

/** What the kernel says of a connection that a client has made. Times in milliseconds before now. */
export interface Connection {
  /** The kernel's name for it, never given twice. */
  readonly cookie: number;
  readonly descriptor: number;
  /** Who shares a limit: an IPv4 address, or a network of IPv6. */
  readonly client: string;
  readonly clientPort: number;
  /** Since its last byte came. */
  readonly receivedMs: number;
  /** Since our last byte left. */
  readonly sentMs: number;
  /** The client has not taken yet all that we sent. */
  readonly hasUnsent: boolean;
}

export interface ConnectionLimits {
  /** How long a request may take to become whole. */
  readonly requestMs: number;
  /**
   * Whether what came and was not answered must go on dripping to be ended: so with HTTP/2, where a client may say something
   * that needs no answer and then rest.
   */
  readonly mustDrip: boolean;
  readonly connections: number;
  /** Infinity: none. */
  readonly perClient: number;
  /** Clients that have no limit of their own: reverse proxies of ours. */
  readonly exempt: ReadonlySet<string>;
}

export type CutReason = "slow_request" | "limit" | "client_limit";

export interface Cut {
  readonly connection: Connection;
  readonly reason: CutReason;
}

interface Memory {
  readonly firstSeenMs: number;
  /** How long something has been there that was not answered. */
  unansweredMs: number;
  /** It was slow when we last looked. */
  wasSlow: boolean;
}

/** Looks are a second apart, with very many connections up to two … */
export const LOOK_MS = 1000;
export const LOOK_MS_MAX = 2 * LOOK_MS;
/** … and what is more was our own sleep, and no fault of the client's. */
const ELAPSED_MAX_MS = LOOK_MS_MAX;

/**
 * Looks at all connections there are, and says which to end. `isAnswering` tells whether a request from that port of a client is being
 * answered. To be called about once a second.
 */
export function createConnectionPolicy(limits: ConnectionLimits) {
  let memories = new Map<number, Memory>();
  let lastLookMs = 0;

  /** Bytes came after our last: a request, or a part of one. */
  function isUnanswered({ receivedMs, sentMs, hasUnsent }: Connection): boolean {
    return receivedMs < sentMs && !hasUnsent;
  }

  function isSlow({ receivedMs, sentMs }: Connection, unansweredMs: number): boolean {
    // Whatever was sent in between began a new request, however often one happened to wait when we looked.
    if (unansweredMs < limits.requestMs || sentMs < limits.requestMs) return false;
    return !limits.mustDrip || receivedMs < limits.requestMs / 2;
  }

  return function look(
    connections: readonly Connection[],
    nowMs: number,
    isAnswering: (clientPort: number) => boolean,
  ): Cut[] {
    const elapsedMs = Math.min(nowMs - lastLookMs, ELAPSED_MAX_MS);
    lastLookMs = nowMs;
    const seen = new Map<number, Memory>();
    const cuts: Cut[] = [];
    const kept: Candidate[] = [];
    for (const connection of connections) {
      const before = memories.get(connection.cookie);
      const memory = before ?? { firstSeenMs: nowMs, unansweredMs: 0, wasSlow: false };
      const isWaiting = isUnanswered(connection) && !isAnswering(connection.clientPort);
      if (!isWaiting || connection.sentMs < memory.unansweredMs) memory.unansweredMs = 0;
      else if (before !== undefined) memory.unansweredMs += elapsedMs;
      const wasSlow = memory.wasSlow;
      memory.wasSlow = isWaiting && isSlow(connection, memory.unansweredMs);
      // After a rest with HTTP/2, what has just come may be a whole request that nobody has read yet.
      if (memory.wasSlow && (wasSlow || !limits.mustDrip)) {
        cuts.push({ connection, reason: "slow_request" });
        continue;
      }
      seen.set(connection.cookie, memory);
      const isBusy = connection.hasUnsent || isAnswering(connection.clientPort);
      kept.push({ connection, firstSeenMs: memory.firstSeenMs, use: isBusy ? 2 : isWaiting ? 1 : 0 });
    }
    memories = seen;
    const ofClients = limits.perClient === Infinity ? [] : beyondClientLimit(kept, limits);
    const gone = new Set(ofClients);
    const beyond = beyondLimit(
      kept.filter((candidate) => !gone.has(candidate)),
      limits.connections,
    );
    cuts.push(...ofClients.map(({ connection }): Cut => ({ connection, reason: "client_limit" })));
    cuts.push(...beyond.map(({ connection }): Cut => ({ connection, reason: "limit" })));
    return cuts;
  };
}

interface Candidate {
  readonly connection: Connection;
  readonly firstSeenMs: number;
  /** 0 idle, 1 something has come that is no request yet, 2 being answered. */
  readonly use: 0 | 1 | 2;
}

/** Idle ones go first, those that rest longest; then, among those in use, whoever came last. */
function beyondLimit(candidates: readonly Candidate[], limit: number): readonly Candidate[] {
  if (candidates.length <= limit) return [];
  return candidates.toSorted(dispensableFirst).slice(0, candidates.length - limit);
}

function dispensableFirst(a: Candidate, b: Candidate): number {
  if (a.use !== b.use) return a.use - b.use;
  return a.use === 0 ? restedMs(b) - restedMs(a) : b.firstSeenMs - a.firstSeenMs;
}

function restedMs({ connection: { receivedMs, sentMs } }: Candidate): number {
  return Math.min(receivedMs, sentMs);
}

function beyondClientLimit(candidates: readonly Candidate[], { perClient, exempt }: ConnectionLimits): Candidate[] {
  const byClient = Map.groupBy(candidates, ({ connection }) => connection.client);
  return [...byClient].flatMap(([client, group]) => (exempt.has(client) ? [] : beyondLimit(group, perClient)));
}
