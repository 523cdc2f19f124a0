/** `--error-page`: the site's own pages for errors, read from the servers like any other file. */
import { NoAnswerError } from "../../replicas/ask.ts";
import type { BytePath } from "../../protocol.ts";
import type { Content } from "../content/content_cache.ts";
import { mediaTypeOf } from "../http/media_type.ts";
import { errorPage, type SiteErrorStatus } from "../pages/pages.ts";
import type { ResourceFinder } from "../content/resource.ts";
import { newTrace, type Trace } from "../content/trace.ts";

export interface SiteErrorPage {
  readonly headers: Readonly<Record<string, string>>;
  readonly blob: Blob;
}

export interface ErrorPages {
  /** Null: the site has none for this status, or it cannot be had. Never rejects for want of a server. */
  find(status: SiteErrorStatus, trace: Trace, deadline: number): Promise<SiteErrorPage | null>;
  /** Reads the page for 503 while it can be read: when it is needed, nobody can be asked. To be called when servers come and go. */
  prepare(): Promise<void>;
}

/** Reading the page for 503 ahead may take this long. */
const PREPARE_TIMEOUT_MS = 5_000;

export function createErrorPages(paths: ReadonlyMap<SiteErrorStatus, BytePath>, resources: ResourceFinder): ErrorPages {
  const last = new Map<SiteErrorStatus, Content>();
  let isDue = false;
  let preparing: Promise<void> | undefined;

  async function read(status: SiteErrorStatus, path: BytePath, trace: Trace, deadline: number): Promise<void> {
    try {
      const question = { path, trailingSlash: false, acceptEncoding: null, deadline };
      const resource = await resources.find(question, trace);
      // With --spa there is a file for every path: only the one that was named is the page of an error.
      const content = resource.kind === "file" && resource.path === path ? resource.file.content : null;
      if (content === null) last.delete(status);
      else last.set(status, content);
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
    }
  }

  /** One reading at a time, and one more after it for whoever came meanwhile: hundreds of servers may go in one moment. */
  async function prepareAll(): Promise<void> {
    const path = paths.get(503);
    while (path !== undefined && isDue) {
      isDue = false;
      await read(503, path, newTrace(), performance.now() + PREPARE_TIMEOUT_MS);
    }
  }

  return {
    async find(status, trace, deadline) {
      const path = paths.get(status);
      if (path === undefined) return null;
      if (status !== 503) await read(status, path, trace, deadline);
      const content = last.get(status);
      if (content === undefined) return null;
      // The policy of our own pages is not the site's.
      const { "Content-Security-Policy": _, ...fields } = errorPage(status).headers;
      return { headers: { ...fields, "Content-Type": mediaTypeOf(path) }, blob: content.blob };
    },
    prepare() {
      isDue = true;
      preparing ??= prepareAll().finally(() => (preparing = undefined));
      return preparing;
    },
  };
}
