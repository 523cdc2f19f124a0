/** The servers of servers.txt: for each one its replica state, its lane and its monitor. */
import { createLane, type Lane } from "../chirp/lane.ts";
import type { ServerAddress } from "../chirp/server_address.ts";
import type { ChirpError } from "../errors.ts";
import { createLatencyWindow, type LatencyWindow } from "./latency_window.ts";
import { createMonitor, type Monitor } from "./monitor.ts";
import { createReplicas, type Replica, type ReplicaState, type Replicas } from "./replicas.ts";

export interface Member {
  readonly replica: Replica;
  readonly lane: Lane;
  /** Milliseconds from a request to its answer. */
  readonly latency: LatencyWindow;
  /** Requests that this server answered. */
  requests: number;
  hedgesWon: number;
  hedgesLost: number;
}

export interface PoolOptions {
  readonly auth: readonly string[];
  readonly tickets: string;
  /** Default deadline of a call. */
  readonly timeoutMs: number;
  /** Told of each change of a server's state, for the log. */
  readonly onChange?: (replica: Replica, before: ReplicaState) => void;
}

export interface Pool {
  readonly replicas: Replicas;
  readonly members: readonly Member[];
  /** Calls that may wait, in all lanes together. */
  readonly queueLimit: number;
  /** See Replicas.choose. */
  choose(excluded?: ReadonlySet<Member>): Member | undefined;
  /** A failure that accuses the server, of an attempt that began at `begunAt` (performance.now()). */
  failed(member: Member, error: ChirpError, begunAt: number): void;
  /** A new servers.txt: servers in both lists keep their workers and what is known of them. */
  update(addresses: readonly ServerAddress[]): void;
  close(graceMs?: number): Promise<void>;
}

/** A server answers about 500 RPC/s over one connection and about 1,000 in all: more workers would only wait there. */
const WORKERS_PER_LANE = 3;
/** At 500 RPC/s the last of these has waited 2 s; who comes after is better served by another server, or by a 503. */
const LANE_QUEUE_LIMIT = 1_000;
const CONNECT_TIMEOUT_SECONDS = 5;
const TICK_MS = 50;

export function createPool(addresses: readonly ServerAddress[], options: PoolOptions): Pool {
  const replicas = createReplicas([], { now: () => performance.now(), random: Math.random });
  const memberOf = new Map<Replica, Member>();
  const monitorOf = new Map<Member, Monitor>();
  const closing = new Set<Promise<void>>();
  let members: Member[] = [];
  let isClosed = false;

  function join(replica: Replica, address: ServerAddress): Member {
    const lane = createLane({
      ...address,
      workers: WORKERS_PER_LANE,
      queueLimit: LANE_QUEUE_LIMIT,
      timeoutMs: options.timeoutMs,
      connectTimeoutSeconds: CONNECT_TIMEOUT_SECONDS,
      auth: options.auth,
      tickets: options.tickets,
    });
    const member: Member = {
      replica,
      lane,
      latency: createLatencyWindow(),
      requests: 0,
      hedgesWon: 0,
      hedgesLost: 0,
    };
    monitorOf.set(member, createMonitor(address, replica, replicas, lane));
    return member;
  }

  function leave(member: Member, graceMs: number): void {
    monitorOf.get(member)?.close();
    monitorOf.delete(member);
    memberOf.delete(member.replica);
    const closed = member.lane.close(graceMs).finally(() => closing.delete(closed));
    closing.add(closed);
  }

  function update(wanted: readonly ServerAddress[]): void {
    // A reload that comes while the program ends.
    if (isClosed) return;
    replicas.update(wanted.map(({ server }) => server));
    for (const [index, replica] of replicas.all.entries()) {
      if (!memberOf.has(replica)) memberOf.set(replica, join(replica, wanted[index]!));
    }
    const remaining = new Set(replicas.all);
    for (const member of members) if (!remaining.has(member.replica)) leave(member, options.timeoutMs);
    members = replicas.all.map((replica) => memberOf.get(replica)!);
  }

  const shown = new WeakMap<Replica, ReplicaState>();
  let tickedAt = performance.now();

  function tick(): void {
    const now = performance.now();
    const elapsed = now - tickedAt;
    tickedAt = now;
    for (const monitor of monitorOf.values()) monitor.tick(elapsed);
    for (const replica of replicas.all) {
      const before = shown.get(replica) ?? "trial";
      shown.set(replica, replica.state);
      if (before !== replica.state) options.onChange?.(replica, before);
    }
  }

  update(addresses);
  tick();
  const ticker = setInterval(tick, TICK_MS);

  return {
    replicas,
    get members() {
      return members;
    },
    get queueLimit() {
      return members.length * LANE_QUEUE_LIMIT;
    },
    choose(excluded) {
      const replica = replicas.choose(excluded && new Set([...excluded].map((member) => member.replica)));
      return replica && memberOf.get(replica);
    },
    failed: ({ replica }, error, begunAt) => replicas.failed(replica, error, begunAt),
    update,
    async close(graceMs = 0) {
      isClosed = true;
      clearInterval(ticker);
      for (const member of members) leave(member, graceMs);
      members = [];
      await Promise.all(closing);
    },
  };
}
