/** Headers and validators of files, computed once for each stat that the listings hold. */
import type { FileStat } from "../protocol.ts";
import type { CacheControlOf } from "./cache_control.ts";
import { createEtag } from "./etag.ts";
import { mediaTypeOf } from "./media_type.ts";
import type { FileResource } from "./resource.ts";
import { prepareRepresentation, type Representation } from "./respond_plan.ts";

export interface Prepared {
  readonly resource: FileResource;
  readonly representation: Representation;
}

export interface Representations {
  of(resource: FileResource): Representation;
  /** What was last made for this stat, if anything was. */
  peek(stat: FileStat): Prepared | undefined;
}

export function createRepresentations(cacheControlOf: CacheControlOf): Representations {
  const known = new WeakMap<FileStat, Prepared>();
  return {
    of(resource) {
      const { file, path, encoding } = resource;
      const last = known.get(file.stat);
      if (last !== undefined && saysTheSame(last.resource, resource)) return last.representation;
      const { size, mtime } = file.stat;
      const representation = prepareRepresentation(
        {
          size,
          mtime,
          etag: createEtag(file.content, file.stat),
          mediaType: mediaTypeOf(path),
          encoding,
          varies: resource.available.length > 0,
          cacheControl: cacheControlOf(path),
        },
        Math.floor(Date.now() / 1000),
      );
      known.set(file.stat, { resource, representation });
      return representation;
    },
    peek: (stat) => known.get(stat),
  };
}

/** A compressed copy can be asked for by its own name too, and contents may change under one stat within a second. */
function saysTheSame(a: FileResource, b: FileResource): boolean {
  return (
    a.path === b.path &&
    a.encoding === b.encoding &&
    a.available.length === b.available.length &&
    a.file.content?.hash === b.file.content?.hash
  );
}
