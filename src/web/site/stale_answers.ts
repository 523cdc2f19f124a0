/**
 * `--serve-stale`: what was last true of the files whose contents are in memory, for the time when no server can be asked.
 * Contents are not held here but by the cache, so that its limit holds.
 */
import type { BytePath } from "../../protocol.ts";
import { chooseCoding, contentCodings, type ContentCoding } from "../http/accept_encoding.ts";
import type { Compressor } from "../content/compressor.ts";
import type { Content, ContentCache } from "../content/content_cache.ts";
import type { FileTarget } from "./memory_path.ts";
import type { Representations } from "./representations.ts";
import type { FileResource } from "../content/resource.ts";
import type { Representation } from "./respond_plan.ts";

export interface StaleAnswer {
  readonly representation: Representation;
  readonly content: Content;
  /** The server that had it. */
  readonly server: string;
  /** Whole seconds since it was last known to be true. */
  readonly ageSeconds: number;
}

export interface StaleAnswers {
  /** A server has just said that this is what it has there. */
  remember(path: BytePath, trailingSlash: boolean, resource: FileResource): void;
  /** A server has just said that a file is still what was remembered of it. */
  renew(target: FileTarget, hash: string): void;
  /** Null when nothing that is young enough is held. */
  find(path: BytePath, trailingSlash: boolean, acceptEncoding: string | null): StaleAnswer | null;
}

export interface StaleAnswersOptions {
  readonly limitMs: number;
  readonly cache: ContentCache;
  readonly compressor: Compressor | null;
  readonly representations: Representations;
}

interface Variant {
  readonly hash: string;
  readonly representation: Representation;
  /** Of the plain file, where --compress made this. */
  readonly compressedFrom: string | null;
}

interface Entry {
  readonly server: string;
  knownAt: number;
  /** By encoding; null is the plain file. */
  readonly variants: Map<ContentCoding | null, Variant>;
}

/** An entry takes about 2 KB, most of it headers that the cache has as well. */
const ENTRIES_MAX = 20_000;

export function createStaleAnswers(
  options: StaleAnswersOptions,
  now: () => number = () => performance.now(),
): StaleAnswers {
  const { limitMs, cache, compressor, representations } = options;
  // In order of knownAt.
  const entries = new Map<string, Entry>();

  function contentOf({ hash, compressedFrom }: Variant, coding: ContentCoding | null): Content | undefined {
    if (compressedFrom === null || coding === null) return cache.byHash(hash);
    const content = compressor?.peek(compressedFrom, coding);
    return content?.hash === hash ? content : undefined;
  }

  return {
    remember(path, trailingSlash, resource) {
      const { file, plain, encoding, isCompressedHere } = resource;
      if (file.content === null || plain.content === null) return;
      const key = keyOf(path, trailingSlash);
      const before = entries.get(key);
      const isSame = before?.variants.get(null)?.hash === plain.content.hash;
      const variants = isSame ? before.variants : new Map<ContentCoding | null, Variant>();
      const compressedFrom = isCompressedHere && encoding !== null ? plain.content.hash : null;
      variants.set(encoding, { hash: file.content.hash, representation: representations.of(resource), compressedFrom });
      if (encoding !== null) {
        const representation = representations.of({ ...resource, file: plain, encoding: null });
        variants.set(null, { hash: plain.content.hash, representation, compressedFrom: null });
      }
      entries.delete(key);
      entries.set(key, { server: file.member.replica.server, knownAt: now(), variants });
      if (entries.size > ENTRIES_MAX) entries.delete(entries.keys().next().value!);
    },
    renew({ path, trailingSlash }, hash) {
      const key = keyOf(path, trailingSlash);
      const entry = entries.get(key);
      if (entry?.variants.get(null)?.hash !== hash) return;
      entry.knownAt = now();
      entries.delete(key);
      entries.set(key, entry);
    },
    find(path, trailingSlash, acceptEncoding) {
      const entry = entries.get(keyOf(path, trailingSlash));
      if (entry === undefined || now() - entry.knownAt > limitMs) return null;
      const { server, knownAt, variants } = entry;
      const available = contentCodings.filter((coding) => variants.has(coding));
      for (const coding of [chooseCoding(acceptEncoding, available), null]) {
        const variant = variants.get(coding);
        const content = variant && contentOf(variant, coding);
        if (variant === undefined || content === undefined) continue;
        const ageSeconds = Math.floor((now() - knownAt) / 1000);
        return { representation: variant.representation, content, server, ageSeconds };
      }
      return null;
    },
  };
}

function keyOf(path: BytePath, trailingSlash: boolean): string {
  return trailingSlash ? `${path}/` : path;
}
