/** The answer to a GET or HEAD of a path: from memory, from a server, from memory although it is old, or an error. */
import { NoAnswerError } from "../../replicas/ask.ts";
import type { ErrorPages } from "./error_pages.ts";
import type { SiteErrorStatus } from "../pages/pages.ts";
import { listingAnswer } from "./listing_answer.ts";
import type { FileTarget, MemoryPath } from "./memory_path.ts";
import type { Representations } from "./representations.ts";
import { directoryLocation } from "../http/request_path.ts";
import type { FileResource, ResourceFinder } from "../content/resource.ts";
import { respondFromMemory, type OnEnd, type Responder } from "./responder.ts";
import { planResponse, type Representation, type ResponsePlan } from "./respond_plan.ts";
import type { StaleAnswers } from "./stale_answers.ts";
import { answerWith, answerWithPage, type Visit } from "./visit.ts";
import { wallClockMs } from "../wall_clock.ts";

export interface AnswersOptions {
  readonly memoryPath: MemoryPath;
  readonly resources: ResourceFinder;
  readonly representations: Representations;
  readonly responder: Responder;
  readonly errorPages: ErrorPages;
  /** Null without --serve-stale. */
  readonly stale: StaleAnswers | null;
  /** Whether any server is well. */
  readonly isAnyWell: () => boolean;
  /** Requests that may wait for servers; one more is answered 503. */
  readonly requestsMax: number;
}

/** What a request asks for, as parseRequestPath gives it. */
export interface Target extends FileTarget {
  readonly query: string;
}

export interface Answers {
  /** At once, without a promise, where memory has the answer. Calls `onEnd` once, when the body was handed over or failed. */
  answer(visit: Visit, target: Target, onEnd: OnEnd): Response | Promise<Response>;
  /** The site's own page for a status where there is one that can be had, else ours. */
  error(visit: Visit, status: SiteErrorStatus, onEnd: OnEnd): Promise<Response>;
}

/**
 * A version that changes between being found and being opened is looked for again so often: while a synchronisation replaces it,
 * what is remembered of each server is out of date once.
 */
const OPEN_TRIES = 10;
/** With an old answer at hand the servers get this long to do better; twice as long, and so on, while any is well. */
const STALE_PATIENCE_MS = 1_000;
/** Bun's timers end up to so much too early: what ends then has had all of its time, rather than failed before. */
const TIMER_EARLY_MS = 1;

export function createAnswers(options: AnswersOptions): Answers {
  const { memoryPath, resources, representations, responder, errorPages, stale } = options;
  let underway = 0;

  function fromMemory(visit: Visit, target: Target, onEnd: OnEnd): Response | null {
    const found = memoryPath.find(target, visit.headers.get("accept-encoding"), visit.startedAt);
    if (found === null) return null;
    const plan = planFor(visit, found.representation, visit.startedAt);
    visit.trace.server = found.member.replica.server;
    found.member.requests++;
    return respondFromMemory(plan, found.content, plan.headers, onEnd);
  }

  /** What is held of the path, with its Age; null when nothing is that may still be sent. */
  function fromStale(visit: Visit, { path, trailingSlash }: Target, onEnd: OnEnd): Response | null {
    const found = stale?.find(path, trailingSlash, visit.headers.get("accept-encoding")) ?? null;
    if (found === null) return null;
    const plan = planFor(visit, found.representation);
    visit.trace.server = found.server;
    visit.trace.isStale = true;
    const headers = new Headers(plan.headers);
    headers.set("Age", String(found.ageSeconds));
    // Nobody should keep for long, by guessing, what may be old already.
    if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-cache");
    return respondFromMemory(plan, found.content, headers, onEnd);
  }

  async function serveFile(visit: Visit, target: Target, resource: FileResource, onEnd: OnEnd): Promise<Response> {
    stale?.remember(target.path, target.trailingSlash, resource);
    const plan = planFor(visit, representations.of(resource));
    return await responder.respond(plan, resource.file, visit.trace, plan.headers, onEnd);
  }

  async function error(visit: Visit, status: SiteErrorStatus, onEnd: OnEnd): Promise<Response> {
    const page = await errorPages.find(status, visit.trace, visit.deadline);
    if (page === null) return answerWithPage(visit, status, onEnd);
    return answerWith(visit, status, page.headers, page.blob, onEnd);
  }

  async function serveResource(visit: Visit, target: Target, deadline: number, onEnd: OnEnd): Promise<Response> {
    const { path, trailingSlash, query } = target;
    const acceptEncoding = visit.headers.get("accept-encoding");
    const resource = await resources.find({ path, trailingSlash, acceptEncoding, deadline }, visit.trace);
    switch (resource.kind) {
      case "file":
        return await serveFile(visit, target, resource, onEnd);
      case "redirect":
        return answerWith(visit, 301, { Location: directoryLocation(path, query) }, "", onEnd);
      case "listing": {
        const { headers, body } = listingAnswer(path, resource.entries, visit.headers.get("accept"));
        return answerWith(visit, 200, headers, body, onEnd);
      }
      case "missing":
        return await error(visit, 404, onEnd);
      case "denied":
        return await error(visit, 403, onEnd);
    }
  }

  async function serveTarget(visit: Visit, target: Target, onEnd: OnEnd): Promise<Response> {
    // As long as a server is well it may take all the time that the request has; a server that hangs is well until that shows.
    let patienceMs = isHeld(visit, target) ? STALE_PATIENCE_MS : Infinity;
    for (let attempt = 1; ; attempt++) {
      const deadline = Math.min(visit.deadline, performance.now() + patienceMs);
      try {
        return await serveResource(visit, target, deadline, onEnd);
      } catch (reason) {
        if (!(reason instanceof NoAnswerError)) throw reason;
        visit.trace.tries += reason.failures.length;
        const now = performance.now() + TIMER_EARLY_MS;
        // Replaced meanwhile, or there and unreadable: known now, so that who is asked next may have it.
        const isChanged = reason.failures.some(({ blame }) => blame === "version" || blame === "path");
        if (isChanged && attempt < OPEN_TRIES && now < deadline) continue;
        if (now < deadline || now >= visit.deadline || !options.isAnyWell()) {
          return fromStale(visit, target, onEnd) ?? (await error(visit, 503, onEnd));
        }
        patienceMs *= 2;
      }
    }
  }

  function isHeld(visit: Visit, { path, trailingSlash }: Target): boolean {
    return (stale?.find(path, trailingSlash, visit.headers.get("accept-encoding")) ?? null) !== null;
  }

  async function counted(visit: Visit, target: Target, onEnd: OnEnd): Promise<Response> {
    if (underway >= options.requestsMax) return answerWithPage(visit, 503, onEnd);
    underway++;
    try {
      return await serveTarget(visit, target, onEnd);
    } finally {
      underway--;
    }
  }

  return {
    error,
    answer: (visit, target, onEnd) => fromMemory(visit, target, onEnd) ?? counted(visit, target, onEnd),
  };
}

function planFor(visit: Visit, representation: Representation, now: number = performance.now()): ResponsePlan {
  const nowSeconds = Math.floor(wallClockMs(now) / 1000);
  const plan = planResponse(visit.method, visit.headers, representation, nowSeconds, randomBoundary);
  visit.status = plan.status;
  return plan;
}

/** 24 characters that no file holds by chance. */
function randomBoundary(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("hex");
}
