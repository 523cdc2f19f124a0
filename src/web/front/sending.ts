/** Which answers still have a body to hand over: Bun.serve tells nobody when the stream of a response has ended. */
import type { Site, SiteRequest } from "../site/site.ts";

export interface Sending {
  readonly site: Site;
  /** Resolves when all of the answer to this request was handed over, or failed. Undefined: it was so at once. */
  sent(request: SiteRequest): Promise<void> | undefined;
}

export function watchSending(site: Site): Sending {
  const sending = new WeakMap<SiteRequest, Promise<void>>();
  return {
    site(request, onOutcome) {
      let isOver = false;
      let end: (() => void) | undefined;
      const response = site(request, (outcome) => {
        isOver = true;
        onOutcome(outcome);
        end?.();
      });
      if (!isOver) sending.set(request, new Promise((resolve) => (end = resolve)));
      return response;
    },
    sent: (request) => sending.get(request),
  };
}
