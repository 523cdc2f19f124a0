/**
 * Finds what the site has at a path: a random server's answer; and before "there is nothing" or "nobody may read it" is
 * believed, what the other servers say, since replicas lag behind the master between two synchronisations.
 */
import { ChirpError } from "../../errors.ts";
import type { BytePath, DirectoryEntry, FileStat } from "../../protocol.ts";
import { ask, NoAnswerError, type Asked } from "../../replicas/ask.ts";
import type { Member, Pool } from "../../replicas/pool.ts";
import type { Replica } from "../../replicas/replicas.ts";
import type { TokenBucket } from "../../replicas/token_bucket.ts";
import type { Content, ContentCache } from "./content_cache.ts";
import { verdictOf, type Lookup } from "./lookup.ts";
import type { ReplicaView } from "./replica_view.ts";
import type { Cost, Trace } from "./trace.ts";

export type Found =
  | {
      readonly kind: "file";
      readonly path: BytePath;
      readonly stat: FileStat;
      readonly member: Member;
      /** Null when the file is too large to be held: it is to be streamed. */
      readonly content: Content | null;
    }
  | { readonly kind: "directory"; readonly path: BytePath; readonly stat: FileStat; readonly member: Member };

export type Verdict = Found | { readonly kind: "missing" } | { readonly kind: "denied" };

export interface Finder {
  /**
   * Rejects with NoAnswerError when no server answers by `deadline` (performance.now()). `first`: the server to ask first,
   * instead of a random one.
   */
  find(path: BytePath, trace: Trace, deadline: number, first?: Member): Promise<Verdict>;
  /** The stat of a regular file on one server, `first` when it answers; null where it has none, or nobody answers by `deadline`. */
  stat(path: BytePath, trace: Trace, deadline: number, first: Member): Promise<FileStat | null>;
  /** The entries of a directory on a random server, else on one that may list it; null where none may. */
  listDirectory(path: BytePath, trace: Trace, deadline: number): Promise<readonly DirectoryEntry[] | null>;
}

export interface FinderOptions {
  readonly pool: Pool;
  readonly cache: ContentCache;
  readonly hedges: TokenBucket;
  readonly viewOf: (member: Member) => ReplicaView;
  /** Larger files are streamed. */
  readonly heldBytesMax: number;
}

/** The others are asked for so long before "not found" is said … */
const OTHERS_TIMEOUT_MS = 2_000;
/** … and those that are not well (no longer, or not yet: all are new when the program starts), only for this long. */
const UNWELL_TIMEOUT_MS = 500;
/** No more of them than this: with hundreds of replicas, these speak for all. */
const OTHERS_MAX = 16;
/** How often it is looked whether a server that is asked has turned out not to be well. */
const RECHECK_MS = 50;
/** A file that keeps changing under our hands is given up on this server. */
const STALE_TRIES = 3;

type Answer = Lookup | (Lookup & { readonly kind: "file"; readonly content: Content | null });

export function createFinder(options: FinderOptions): Finder {
  const { pool, cache, viewOf } = options;

  /** What this server has at path, with the contents of what can be held. */
  async function look(member: Member, path: BytePath, cost: Cost): Promise<Answer> {
    const view = viewOf(member);
    for (let attempt = 1; ; attempt++) {
      const lookup = await view.lookup(path, cost);
      if (lookup.kind !== "file") return lookup;
      const { stat } = lookup;
      if (stat.size > options.heldBytesMax) return { ...lookup, content: null };
      try {
        return { ...lookup, content: await cache.load(member.lane, path, stat, cost) };
      } catch (error) {
        // The listing was older than the file. Also a file that is gone meanwhile: the new listing will say so.
        const isOld = error instanceof ChirpError && (error.code === "ESTALE" || error.code === "ENOENT");
        if (error instanceof ChirpError && error.blame === "path" && (!isOld || attempt === STALE_TRIES)) {
          const verdict = verdictOf(error);
          view.refused(path, verdict);
          return verdict;
        }
        if (!isOld || attempt === STALE_TRIES) throw error;
        view.forget(path);
      }
    }
  }

  /** Whom to ask as well: the well ones first, each kind in random order. */
  function othersThan(first: Member): Member[] {
    return pool.members
      .filter((member) => member.replica.state !== "ejected" && member !== first)
      .map((member) => ({ member, rank: Math.random() + (member.replica.state === "well" ? 0 : 1) }))
      .sort((a, b) => a.rank - b.rank)
      .slice(0, OTHERS_MAX)
      .map(({ member }) => member);
  }

  async function askOthers(path: BytePath, first: Asked<Answer>, trace: Trace): Promise<Verdict> {
    const others = othersThan(first.member);
    const answers: Answer[] = [first.value];
    trace.tries += others.length;
    const found = await firstFound(
      others.map(async (member) => {
        const answer = await withPatience(look(member, path, trace), member.replica);
        if (answer === undefined) return undefined;
        answers.push(answer);
        return toFound(path, answer, member);
      }),
    );
    return found ?? { kind: answers.every(({ kind }) => kind === "denied") ? "denied" : "missing" };
  }

  async function askRandom<T>(
    attempt: (member: Member) => Promise<T>,
    trace: Trace,
    deadline: number,
    first?: Member,
  ): Promise<Asked<T>> {
    const timeoutMs = Math.max(1, deadline - performance.now());
    const asked = await ask(pool, attempt, { timeoutMs, hedges: options.hedges, ...(first && { first }) });
    trace.tries += asked.tries;
    trace.hedged ||= asked.isHedged;
    trace.server = asked.member.replica.server;
    return asked;
  }

  return {
    async find(path, trace, deadline, first) {
      const asked = await askRandom((member) => look(member, path, trace), trace, deadline, first);
      const verdict = toFound(path, asked.value, asked.member) ?? (await askOthers(path, asked, trace));
      if ("member" in verdict) trace.server = verdict.member.replica.server;
      return verdict;
    },
    async stat(path, trace, deadline, first) {
      try {
        const { value } = await askRandom((member) => viewOf(member).lookup(path, trace), trace, deadline, first);
        return value.kind === "file" ? value.stat : null;
      } catch (error) {
        if (!(error instanceof NoAnswerError)) throw error;
        return null;
      }
    },
    async listDirectory(path, trace, deadline) {
      const asked = await askRandom((member) => viewOf(member).list(path, trace), trace, deadline);
      if (asked.value !== null) return asked.value;
      const others = othersThan(asked.member);
      trace.tries += others.length;
      const lists = await Promise.allSettled(
        others.map((member) => withPatience(viewOf(member).list(path, trace), member.replica)),
      );
      return lists.flatMap((list) => (list.status === "fulfilled" && list.value ? [list.value] : []))[0] ?? null;
    },
  };
}

function toFound(path: BytePath, answer: Answer, member: Member): Found | undefined {
  switch (answer.kind) {
    case "file":
      return { kind: "file", path, stat: answer.stat, member, content: "content" in answer ? answer.content : null };
    case "directory":
      return { kind: "directory", path, stat: answer.stat, member };
    default:
      return undefined;
  }
}

/** The first that is found; undefined when none is. A server that fails here has nothing to say; its monitor sees to it. */
async function firstFound(searches: readonly Promise<Found | undefined>[]): Promise<Found | undefined> {
  return await new Promise((resolve, reject) => {
    const over = searches.map((search) =>
      search.then(
        (found) => found && resolve(found),
        (error: unknown) => void (error instanceof ChirpError || reject(error as Error)),
      ),
    );
    void Promise.all(over).then(() => resolve(undefined));
  });
}

/** Undefined when it takes longer than one has patience for with a server in its state. */
async function withPatience<T>(promise: Promise<T>, replica: Replica): Promise<T | undefined> {
  const begunAt = performance.now();
  let timer: Timer | undefined;
  const tooLong = new Promise<undefined>((resolve) => {
    timer = setInterval(() => {
      const limitMs = replica.state === "well" ? OTHERS_TIMEOUT_MS : UNWELL_TIMEOUT_MS;
      if (performance.now() - begunAt >= limitMs) resolve(undefined);
    }, RECHECK_MS);
  });
  return await Promise.race([promise, tooLong]).finally(() => clearInterval(timer));
}
