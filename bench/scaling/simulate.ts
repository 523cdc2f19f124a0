/** One simulated run: so many Chirp servers, so many web servers, a load and a fault. The same seed gives the same result. */
import { quantile } from "../harness/side_by_side.ts";
import { createChirpModel } from "./chirp_model.ts";
import type { Fault } from "./faults.ts";
import { createRandom, exponential } from "./random.ts";
import { createVirtualTime } from "./virtual_time.ts";
import { type Answer, createWebModel } from "./web_model.ts";

export interface Scenario {
  readonly servers: number;
  readonly webServers: number;
  /** Requests a second that memory cannot answer, over all web servers. */
  readonly requestsPerSecond: number;
  readonly seconds: number;
  readonly fault: Fault;
  readonly seed: number;
}

export interface Result {
  readonly requests: number;
  /** Without an answer within the deadline. */
  readonly unanswered: number;
  /** Milliseconds to the answer. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly worst: number;
  /** Requests for which more than one server was asked, of all. */
  readonly retried: number;
  /** RPCs beyond one a request, of all requests; also trials. */
  readonly extraLoad: number;
}

/** The deadline of a request, and a little more: then every one of them has ended. */
const DRAIN_MS = 21_000;

export async function simulate(scenario: Scenario): Promise<Result> {
  const { servers: count, webServers, requestsPerSecond, seconds, fault, seed } = scenario;
  const time = createVirtualTime();
  using _ = time.install();
  const random = createRandom(seed);
  const servers = Array.from({ length: count }, () => createChirpModel(time, random));
  const webs = Array.from({ length: webServers }, () => createWebModel(servers, time, random));
  const answers: Answer[] = [];
  // What first learns that the servers are well does not count.
  await time.runUntil(1_000);
  const rpcsBefore = servers.reduce((sum, { rpcs }) => sum + rpcs, 0);
  fault.inflict(servers, time);
  const endMs = time.now() + seconds * 1000;

  function arrive(): void {
    if (time.now() > endMs) return;
    const web = webs[Math.floor(random() * webs.length)]!;
    void web.request().then((answer) => answers.push(answer));
    time.after(exponential(random, 1000 / requestsPerSecond), arrive);
  }

  arrive();
  await time.runUntil(endMs + DRAIN_MS);
  const rpcs = servers.reduce((sum, server) => sum + server.rpcs, 0) - rpcsBefore;
  return summarise(answers, rpcs);
}

function summarise(answers: readonly Answer[], rpcs: number): Result {
  const times = answers.filter(({ isAnswered }) => isAnswered).map(({ milliseconds }) => milliseconds);
  return {
    requests: answers.length,
    unanswered: answers.length - times.length,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    p999: quantile(times, 0.999),
    worst: quantile(times, 1),
    retried: answers.filter(({ tries }) => tries > 1).length / answers.length,
    extraLoad: rpcs / answers.length - 1,
  };
}
