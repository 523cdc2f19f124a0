/** A web server of the simulation: the real replicas.ts and ask.ts, on models of lanes and servers. */
import { ask, NoAnswerError } from "../../src/replicas/ask.ts";
import { createLatencyWindow } from "../../src/replicas/latency_window.ts";
import type { Member, Pool } from "../../src/replicas/pool.ts";
import { createReplicas, type Replica } from "../../src/replicas/replicas.ts";
import { createTokenBucket } from "../../src/replicas/token_bucket.ts";
import type { ChirpModel } from "./chirp_model.ts";
import { createLaneModel, type LaneModel } from "./lane_model.ts";
import { watchServer } from "./monitor_model.ts";
import type { VirtualTime } from "./virtual_time.ts";

export interface Answer {
  readonly milliseconds: number;
  /** Servers asked. */
  readonly tries: number;
  readonly isAnswered: boolean;
}

export interface WebModel {
  /** One request that memory cannot answer. */
  request(): Promise<Answer>;
}

const TIMEOUT_MS = 20_000;

export function createWebModel(servers: readonly ChirpModel[], time: VirtualTime, random: () => number): WebModel {
  const names = servers.map((_, index) => `server${index}:9094`);
  const replicas = createReplicas(names, { now: time.now, random });
  const hedges = createTokenBucket();
  const lanes = new Map<Member, LaneModel>();
  const memberOf = new Map<Replica, Member>();
  for (const [index, replica] of replicas.all.entries()) {
    const lane = createLaneModel(replica.server, servers[index]!, time);
    const counters = { requests: 0, hedgesWon: 0, hedgesLost: 0 };
    // Of a lane, ask.ts needs nothing but what the attempt below calls.
    const member = { replica, lane: lane as unknown as Member["lane"], latency: createLatencyWindow(), ...counters };
    memberOf.set(replica, member);
    lanes.set(member, lane);
    watchServer(time, servers[index]!, lane, replica, replicas);
  }
  const pool = {
    choose(excluded?: ReadonlySet<Member>) {
      const replica = replicas.choose(excluded && new Set([...excluded].map((member) => member.replica)));
      return replica && memberOf.get(replica);
    },
    failed: ({ replica }: Member, error: Parameters<Pool["failed"]>[1], begunAt: number) =>
      replicas.failed(replica, error, begunAt),
  } as Pool;

  return {
    async request() {
      const begunAt = time.now();
      let tries = 0;
      const attempt = (member: Member) => {
        tries++;
        return lanes.get(member)!.call();
      };
      const isAnswered = await ask(pool, attempt, { timeoutMs: TIMEOUT_MS, hedges }).then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof NoAnswerError)) throw error;
          return false;
        },
      );
      return { milliseconds: time.now() - begunAt, tries, isAnswered };
    },
  };
}
