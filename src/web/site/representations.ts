/** Headers and validators of files, computed once for each stat that the listings hold. */
import type { FileStat } from "../../protocol.ts";
import type { CacheControlOf } from "../http/cache_control.ts";
import type { ContentCoding } from "../http/accept_encoding.ts";
import { createEtag } from "./etag.ts";
import { mediaTypeOf } from "../http/media_type.ts";
import type { FileResource } from "../content/resource.ts";
import { prepareRepresentation, type Representation } from "./respond_plan.ts";

/** Without the contents, which would be kept by it when the cache has given them up. */
export interface Prepared extends Pick<FileResource, "path" | "available" | "isCompressedHere"> {
  readonly representation: Representation;
  /** Of the contents; null for a file that is too large to be held. */
  readonly hash: string | null;
}

export interface Representations {
  of(resource: FileResource): Representation;
  /** What was last made for this stat in this encoding, if anything was. */
  peek(stat: FileStat, encoding: ContentCoding | null): Prepared | undefined;
}

export function createRepresentations(cacheControlOf: CacheControlOf): Representations {
  const known = new WeakMap<FileStat, Map<ContentCoding | null, Prepared>>();
  return {
    of(resource) {
      // The plain file is looked at first when the next request comes, whatever is sent.
      if (resource.encoding !== null) prepare({ ...resource, file: resource.plain, encoding: null });
      return prepare(resource);
    },
    peek: (stat, encoding) => known.get(stat)?.get(encoding),
  };

  function prepare(resource: FileResource): Representation {
    const { file, path, encoding, available, isCompressedHere } = resource;
    let byEncoding = known.get(file.stat);
    if (byEncoding === undefined) known.set(file.stat, (byEncoding = new Map()));
    const last = byEncoding.get(encoding);
    if (last !== undefined && isFor(last, resource)) return last.representation;
    const { mtime } = file.stat;
    const nowSeconds = Date.now() / 1000;
    const etag = createEtag(file.content, file.stat, nowSeconds);
    const representation = prepareRepresentation(
      {
        size: file.content?.blob.size ?? file.stat.size,
        mtime,
        etag,
        mediaType: mediaTypeOf(path),
        encoding,
        varies: available.length > 0,
        cacheControl: cacheControlOf(path),
      },
      Math.floor(nowSeconds),
    );
    const hash = file.content?.hash ?? null;
    // It gets its tag as soon as it is old enough for one, and its date when that has come.
    if (etag !== null && mtime <= nowSeconds) {
      byEncoding.set(encoding, { representation, hash, path, available, isCompressedHere });
    }
    return representation;
  }
}

/** A compressed copy can be asked for by its own name too, and contents may change under one stat within a second. */
function isFor(prepared: Prepared, { path, available, file }: FileResource): boolean {
  const hash = file.content?.hash ?? null;
  return prepared.path === path && prepared.available.length === available.length && prepared.hash === hash;
}
