/** Headers and validators of files, computed once for each stat that the listings hold. */
import type { FileStat } from "../../protocol.ts";
import type { CacheControlOf } from "../http/cache_control.ts";
import type { ContentCoding } from "../http/accept_encoding.ts";
import { createEtag } from "./etag.ts";
import { mediaTypeOf } from "../http/media_type.ts";
import type { FileResource } from "../content/resource.ts";
import { prepareRepresentation, type Representation } from "./respond_plan.ts";

export interface Prepared {
  readonly resource: FileResource;
  readonly representation: Representation;
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
    const { file, path, encoding } = resource;
    let byEncoding = known.get(file.stat);
    if (byEncoding === undefined) known.set(file.stat, (byEncoding = new Map()));
    const last = byEncoding.get(encoding);
    if (last !== undefined && saysTheSame(last.resource, resource)) return last.representation;
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
        varies: resource.available.length > 0,
        cacheControl: cacheControlOf(path),
      },
      Math.floor(nowSeconds),
    );
    // It gets its tag as soon as it is old enough for one.
    if (etag !== null) byEncoding.set(encoding, { resource, representation });
    return representation;
  }
}

/** A compressed copy can be asked for by its own name too, and contents may change under one stat within a second. */
function saysTheSame(a: FileResource, b: FileResource): boolean {
  return (
    a.path === b.path && a.available.length === b.available.length && a.file.content?.hash === b.file.content?.hash
  );
}
