/**
 * Who is well, and the random choice. Pure: time and chance come from outside, so that a thousand servers can be simulated.
 *
 *     trial ──did real work──► well ◄──────── heard again ────────┐
 *       ▲ ▲                    │ │ └── heartbeat late, lane jammed ──► suspect
 *       │ └── a call timed out, or was reset ──────────────────────────┤
 *       │ sign of life           │ refused, lost, a call timed out again│
 *       └──────────── ejected ◄──┴──────────────────────────────────────┘
 *
 * A suspect, or one on trial, gets no new requests while another server is well. An ejected server is left alone until its
 * monitor (monitor.ts) has had an answer from it; one that answers and fails again waits longer each time.
 *
 * A call that times out accuses its path as much as its server: a directory too large to list, a file cut short while it is
 * read, a disk that hangs. Such a failure puts the server on trial; it is ejected when it fails that, or when another path
 * fails as well. So no single URL can take a server out.
 */
import type { ErrorCode } from "../errors.ts";

export type ReplicaState = "well" | "suspect" | "ejected" | "trial";

/** Everything known of one server. Times are in milliseconds of the clock that was given. */
export interface Replica {
  /** host:port as the user wrote it. */
  readonly server: string;
  readonly state: ReplicaState;
  readonly since: number;
  /** Why it is not well, or was not the last time. */
  readonly lastFailure: { readonly code: ErrorCode; readonly at: number; readonly message: string } | null;
  readonly failures: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly ejections: number;
  /** A trial before this time would be too early. */
  readonly notBefore: number;
}

export interface Replicas<R extends Replica = Replica> {
  readonly all: readonly R[];
  /** Another list of servers: those in both keep what is known of them. */
  update(servers: readonly string[]): void;
  /** A random one among the best that are left: the well, else the suspect and those on trial, else the ejected. */
  choose(excluded?: ReadonlySet<Replica>): R | undefined;
  /** Whether any server is well. */
  readonly isReady: boolean;
  /** It does not answer, for now. */
  suspect(replica: R): void;
  /** It answers after all; ends suspicion only. */
  heard(replica: R): void;
  /** A failure that accuses the server, of something that began at `begunAt`. */
  failed(replica: R, failure: ServerFailure, begunAt: number): void;
  /** Its connection is gone, or silent. */
  lost(replica: R, code: ErrorCode, message: string): void;
  /** An ejected server answers a probe: it will be tried. */
  beginTrial(replica: R): void;
  /** It did real work. */
  recovered(replica: R): void;
}

export interface ServerFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** What was asked for; "" when nothing but the server can be at fault. */
  readonly path: string;
}

export interface Clock {
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
}

/** The first ejection lasts this long … */
const EJECTION_MS = 1_000;
/** … each further one twice as long as the one before, up to this. */
const EJECTION_MAX_MS = 30_000;
/** Spread, so that many web servers do not come back to a server in one moment. */
const JITTER = 0.2;
/** Well for this long, a server is judged as if it had never failed. */
const FORGIVEN_AFTER_MS = 10_000;
/** A server that was gone and answers again is simply back: waiting longer each time would only keep it out of use. */
const GONE: ReadonlySet<ErrorCode> = new Set(["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH"]);
/** What a path alone can cause on a server that is well. */
const AMBIGUOUS: ReadonlySet<ErrorCode> = new Set(["ETIMEDOUT", "ECONNRESET"]);
/** Such failures of two paths within this time accuse the server. */
const DOUBT_MS = 30_000;

/** For each server, the state that is wanted first. */
const PREFERENCE: readonly (readonly ReplicaState[])[] = [["well"], ["suspect", "trial"], ["ejected"]];

type Mutable = { -readonly [K in keyof Replica]: Replica[K] } & {
  streak: number;
  /** Failures of what began earlier were judged already. */
  judgedFrom: number;
  /** The last ambiguous failure. */
  doubt: { readonly path: string; readonly at: number } | null;
};

export function createReplicas(servers: readonly string[], clock: Clock): Replicas {
  let all: Mutable[] = servers.map((server) => newReplica(server, clock.now()));
  // Nearly every choice is among these.
  let well: readonly Mutable[] = [];

  function noteWell(): void {
    well = all.filter(({ state }) => state === "well");
  }

  function enter(replica: Mutable, state: ReplicaState): void {
    if (replica.state === state) return;
    replica.state = state;
    noteWell();
    replica.since = clock.now();
  }

  function note(known: Mutable, code: ErrorCode, message: string): void {
    known.lastFailure = { code, at: clock.now(), message };
    known.failures = { ...known.failures, [code]: (known.failures[code] ?? 0) + 1 };
  }

  function isSecondDoubt(known: Mutable, path: string): boolean {
    const { doubt } = known;
    const isFirst = doubt === null || doubt.path === path || clock.now() - doubt.at > DOUBT_MS;
    if (isFirst) known.doubt = { path, at: clock.now() };
    return !isFirst;
  }

  function putOnTrial(known: Mutable): void {
    known.judgedFrom = clock.now();
    enter(known, "trial");
  }

  /** `isGone`: it was not there, rather than there and failing. */
  function eject(known: Mutable, isGone: boolean): void {
    const now = clock.now();
    const wasWellFor = known.state === "well" || known.state === "suspect" ? now - known.since : 0;
    known.streak = wasWellFor > FORGIVEN_AFTER_MS || isGone ? 1 : known.streak + 1;
    known.ejections++;
    const length = Math.min(EJECTION_MAX_MS, EJECTION_MS * 2 ** (known.streak - 1));
    known.notBefore = now + length * (1 + JITTER * (2 * clock.random() - 1));
    enter(known, "ejected");
  }

  return {
    get all() {
      return all;
    },
    update(wanted) {
      const known = new Map(all.map((replica) => [replica.server, replica]));
      all = wanted.map((server) => known.get(server) ?? newReplica(server, clock.now()));
      noteWell();
    },
    get isReady() {
      return well.length > 0;
    },
    choose(excluded) {
      if (excluded === undefined && well.length > 0) return well[Math.floor(clock.random() * well.length)];
      for (const states of PREFERENCE) {
        const isCandidate = (replica: Mutable) => states.includes(replica.state) && excluded?.has(replica) !== true;
        let candidates = 0;
        for (const replica of all) if (isCandidate(replica)) candidates++;
        if (candidates === 0) continue;
        // Counted and walked once more: a list of them would be made anew for every request.
        let before = Math.floor(clock.random() * candidates);
        return all.find((replica) => isCandidate(replica) && before-- === 0);
      }
      return undefined;
    },
    suspect: (replica) => {
      if (replica.state === "well") enter(replica as Mutable, "suspect");
    },
    heard: (replica) => {
      if (replica.state === "suspect") enter(replica as Mutable, "well");
    },
    failed(replica, failure, begunAt) {
      const known = replica as Mutable;
      const { code, path } = failure;
      note(known, code, failure.message);
      // What was under way before says nothing new.
      if (known.state === "ejected" || begunAt < known.judgedFrom) return;
      if (AMBIGUOUS.has(code) && path !== "" && !isSecondDoubt(known, path)) putOnTrial(known);
      else eject(known, GONE.has(code));
    },
    lost(replica, code, message) {
      const known = replica as Mutable;
      if (known.state === "ejected") return;
      note(known, code, message);
      eject(known, true);
    },
    beginTrial: (replica) => putOnTrial(replica as Mutable),
    recovered: (replica) => {
      if (replica.state === "trial") enter(replica as Mutable, "well");
    },
  };
}

/** Nothing is known of a new server: it is on trial until its monitor has heard from it. */
function newReplica(server: string, now: number): Mutable {
  return {
    server,
    state: "trial",
    since: now,
    lastFailure: null,
    failures: {},
    ejections: 0,
    notBefore: now,
    streak: 0,
    judgedFrom: -Infinity,
    doubt: null,
  };
}
