/**
 * Asks one server after the other until one has an answer.
 *
 * A server is chosen at random. When it fails, another is asked at once; when it is silent for longer than is usual, or turns
 * out not to be well, another is asked as well, and the first answer wins (hedging).
 */
import { ChirpError } from "../errors.ts";
import type { Member, Pool } from "./pool.ts";
import type { TokenBucket } from "./token_bucket.ts";

/** An attempt answers, or throws ChirpError: then the next server is asked. */
export type Attempt<T> = (member: Member, signal: AbortSignal) => Promise<T>;

export interface AskOptions {
  /** Milliseconds until an answer must be there. */
  readonly timeoutMs: number;
  /** What the answer may take beyond the usual before another server is asked, e.g. for a large file. */
  readonly extraMs?: number;
  /** To be asked before the random ones, e.g. since it has the file open. */
  readonly first?: Member;
  /** Not to be asked, e.g. since they failed already. */
  readonly excluded?: ReadonlySet<Member>;
  /** Bounds what hedging costs. */
  readonly hedges: TokenBucket;
}

export interface Asked<T> {
  readonly value: T;
  readonly member: Member;
  /** Servers asked, this one included. */
  readonly tries: number;
  readonly isHedged: boolean;
}

/** No server had an answer. `failures`: the last one of each server that was asked. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  readonly failures: readonly ChirpError[];

  constructor(failures: readonly ChirpError[]) {
    super(failures.length === 0 ? "No server could be asked" : failures.map(({ message }) => message).join("; "));
    this.failures = failures;
  }

  /** The servers are there, but too busy, or this process is. */
  get isOverload(): boolean {
    return this.failures.some(({ code }) => code === "ENOBUFS");
  }
}

/** A second server is asked after this much silence, or what the first one usually takes … */
const HEDGE_MIN_MS = 250;
/** … but however slow it has been of late, not later than this. */
const HEDGE_MAX_MS = 1_000;
/**
 * Servers asked for one answer. A server that is well is asked first, so that this many failures speak for all; and each one
 * asked starts a worker, of which a long list of servers that are gone would make thousands.
 */
const TRIES_MAX = 16;
/** It is looked this often whether the server has turned out not to be well: then there is nothing to wait for. */
const RECHECK_MS = 50;

export function ask<T>(pool: Pool, attempt: Attempt<T>, options: AskOptions): Promise<Asked<T>> {
  return new Promise((resolve, reject) => {
    const asked = new Set<Member>(options.excluded);
    const running = new Map<Member, AbortController>();
    const failures: ChirpError[] = [];
    let tries = 0;
    let isDone = false;
    let newest: Member | undefined;
    let timer: Timer | undefined;
    const deadline = setTimeout(() => finish(() => reject(new NoAnswerError(failures))), options.timeoutMs);

    function finish(settle: () => void): void {
      if (isDone) return;
      isDone = true;
      clearTimeout(deadline);
      clearTimeout(timer);
      settle();
      for (const controller of running.values()) controller.abort();
    }

    /** Asks another server; false when all have been asked, or enough. */
    function askAnother(): boolean {
      if (tries === TRIES_MAX) return false;
      const { first } = options;
      const member = tries === 0 && first !== undefined && !asked.has(first) ? first : pool.choose(asked);
      if (member === undefined) return false;
      asked.add(member);
      newest = member;
      tries++;
      const controller = new AbortController();
      running.set(member, controller);
      const begunAt = performance.now();
      attempt(member, controller.signal).then(
        (value) => answered(member, value, performance.now() - begunAt),
        (error: unknown) => failed(member, error, begunAt),
      );
      watch(member, begunAt);
      return true;
    }

    function hedgeDelay(member: Member): number {
      const usual = Math.max(HEDGE_MIN_MS, member.latency.quantile(0.99));
      return Math.min(HEDGE_MAX_MS, usual) + (options.extraMs ?? 0);
    }

    function watch(member: Member, begunAt: number): void {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (isWorthAnother(member, performance.now() - begunAt)) askAnother();
        else watch(member, begunAt);
      }, RECHECK_MS);
    }

    function isWorthAnother(member: Member, waitedMs: number): boolean {
      const other = pool.choose(asked);
      if (other === undefined) return false;
      if (member.replica.state === "well") return waitedMs >= hedgeDelay(member) && options.hedges.take();
      // A server that is not well is no reason to save on requests.
      return waitedMs >= HEDGE_MIN_MS || other.replica.state === "well";
    }

    function answered(member: Member, value: T, ms: number): void {
      running.delete(member);
      // Also of a loser: how long it took is what the next hedge is measured by.
      member.latency.observe(ms);
      if (isDone) return;
      member.requests++;
      options.hedges.give();
      if (tries > 1 && running.size > 0) {
        if (member === newest) member.hedgesWon++;
        for (const loser of running.keys()) if (loser !== newest) loser.hedgesLost++;
      }
      const isHedged = running.size > 0;
      finish(() => resolve({ value, member, tries, isHedged }));
    }

    function failed(member: Member, error: unknown, begunAt: number): void {
      running.delete(member);
      if (!(error instanceof ChirpError)) return finish(() => reject(error));
      if (error.blame === "server") pool.failed(member, error, begunAt);
      if (isDone) return;
      failures.push(error);
      if (askAnother() || running.size > 0) return;
      finish(() => reject(new NoAnswerError(failures)));
    }

    if (!askAnother()) finish(() => reject(new NoAnswerError([])));
  });
}
