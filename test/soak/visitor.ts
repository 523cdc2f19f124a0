/** A visitor of the site: random requests, one after the other, each reply judged. */
import type { SeededRandom } from "../helpers/seeded_random.ts";
import { type ClientRequest, createHttpClient } from "./http_client.ts";
import type { Asked, Verdict } from "./judge.ts";
import { currentVersion, type Page } from "./page_history.ts";

export interface VisitorOptions {
  readonly port: number;
  readonly pages: readonly Page[];
  readonly random: SeededRandom;
  readonly judge: (asked: Asked) => Verdict;
  readonly onVerdict: (asked: Asked, verdict: Verdict) => void;
  readonly stop: AbortSignal;
}

/** Between two requests, at most: the machine is to be busy with faults, not with us. */
const PAUSE_MS = 30;
/** How often pages of a kind are asked for. */
const kinds = [...Array<"small">(60).fill("small"), ...Array<"volatile">(15).fill("volatile")] as Page["kind"][];
kinds.push(...Array<"medium">(15).fill("medium"), "held", "held", "held", "streamed", "streamed");

export async function visit({ port, pages, random, judge, onVerdict, stop }: VisitorOptions): Promise<void> {
  const client = createHttpClient(port);
  /** What this visitor holds in its cache. */
  const etags = new Map<Page, string>();
  const dates = new Map<Page, string>();
  try {
    while (!stop.aborted) {
      const kind = random.pick(kinds);
      const page = random.pick(pages.filter((each) => each.kind === kind));
      const request = chooseRequest(page);
      const from = performance.now();
      const reply = await client.ask(request);
      const asked: Asked = { request, reply, page, from, to: performance.now() };
      onVerdict(asked, judge(asked));
      if (reply.kind === "response" && reply.response.status === 200) {
        etags.set(page, reply.response.header("etag") ?? "");
        dates.set(page, reply.response.header("last-modified") ?? "");
      }
      await Bun.sleep(random.next() * PAUSE_MS);
    }
  } finally {
    client.close();
  }

  function chooseRequest(page: Page): ClientRequest {
    const get: ClientRequest = { method: "GET", target: targetOf(page), headers: {} };
    const etag = etags.get(page);
    const choice = random.next();
    if (choice < 0.1) return { ...get, method: "HEAD" };
    if (choice < 0.2 && etag !== undefined) return { ...get, headers: { "If-None-Match": etag } };
    if (choice < 0.25 && dates.has(page)) return { ...get, headers: { "If-Modified-Since": dates.get(page)! } };
    if (choice < 0.45) return { ...get, headers: rangeHeaders(page, etag) };
    if (choice < 0.48) return { ...get, hangUpAfter: random.int(1, sizeOf(page)) };
    if (choice < 0.5 && page.kind !== "small") return { ...get, bytesPerMs: random.int(10_000, 50_000) };
    return get;
  }

  /** index.html is also what its directory shows. */
  function targetOf({ url }: Page): string {
    const isIndex = url.endsWith("/index.html");
    return isIndex && random.chance(0.5) ? url.slice(0, -"index.html".length) : url;
  }

  function rangeHeaders(page: Page, etag: string | undefined): Record<string, string> {
    const size = sizeOf(page);
    const start = random.int(0, size);
    const ranges = [`${start}-${start + random.int(0, size)}`, `-${random.int(1, size)}`, `${start}-`];
    const several = `0-9,${Math.floor(size / 2)}-${Math.floor(size / 2) + 20},-10`;
    const Range = `bytes=${random.chance(0.2) ? several : random.pick(ranges)}`;
    return etag !== undefined && random.chance(0.3) ? { Range, "If-Range": etag } : { Range };
  }
}

function sizeOf(page: Page): number {
  return currentVersion(page).bytes?.length ?? 100;
}
