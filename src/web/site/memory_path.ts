/**
 * Answers at once, without a promise, what is wholly in memory and has been served before: a well server's fresh listing
 * names the file, and its contents are held. This is the path of most requests; besides, Bun loses pipelined requests
 * behind an answer that comes later. Everything else, and every doubt, is left to site.ts.
 */
import { joinPath } from "../../chirp/byte_path.ts";
import type { BytePath } from "../../protocol.ts";
import type { Member, Pool } from "../../replicas/pool.ts";
import { chooseCoding, siblingSuffix, type ContentCoding } from "../http/accept_encoding.ts";
import type { Compressor } from "../content/compressor.ts";
import type { ContentCache } from "../content/content_cache.ts";
import type { ReplicaView } from "../content/replica_view.ts";
import type { Prepared, Representations } from "./representations.ts";
import { INDEX, pathOnServer } from "../content/resource.ts";

export interface MemoryPathOptions {
  readonly pool: Pool;
  readonly cache: ContentCache;
  readonly viewOf: (member: Member) => ReplicaView;
  readonly representations: Representations;
  /** Null without --compress. */
  readonly compressor: Compressor | null;
  readonly root: BytePath;
}

export interface Remembered extends Prepared {
  readonly member: Member;
}

export interface MemoryPath {
  /** What a server chosen at random is known to have at the path; null when somebody must be asked. */
  find(path: BytePath, trailingSlash: boolean, acceptEncoding: string | null): Remembered | null;
}

export function createMemoryPath(options: MemoryPathOptions): MemoryPath {
  const { pool, cache, viewOf, representations, compressor, root } = options;

  /** What was served last for a file of this server, if that is still true of it. */
  function known(member: Member, path: BytePath, encoding: ContentCoding | null): Prepared | null {
    const stat = viewOf(member).peek(path);
    const prepared = stat && representations.peek(stat, encoding);
    const hash = prepared?.resource.file.content?.hash;
    if (!stat || !prepared || hash === undefined) return null;
    return cache.peek(member.lane, path, stat)?.hash === hash ? prepared : null;
  }

  /** The same as --compress makes it; the plain file where that does not become smaller. */
  function compressed(plain: Prepared, coding: ContentCoding): Prepared | null {
    const { content, stat } = plain.resource.file;
    const smaller = content === null ? undefined : compressor?.peek(content.hash, coding);
    if (smaller === null) return plain;
    const prepared = representations.peek(stat, coding);
    return smaller !== undefined && prepared?.resource.file.content?.hash === smaller.hash ? prepared : null;
  }

  return {
    find(path, trailingSlash, acceptEncoding) {
      const member = pool.choose();
      if (member === undefined || member.replica.state !== "well") return null;
      const onServer = pathOnServer(root, path);
      const file = trailingSlash ? joinPath(onServer, INDEX) : onServer;
      const plain = known(member, file, null);
      if (plain === null) return null;
      const coding = chooseCoding(acceptEncoding, plain.resource.available);
      if (coding === null) return remembered(plain, member);
      const encoded = plain.resource.isCompressedHere
        ? compressed(plain, coding)
        : known(member, file + siblingSuffix[coding], coding);
      return encoded === null ? null : remembered(encoded, member);
    },
  };
}

function remembered({ resource, representation }: Prepared, member: Member): Remembered {
  return { resource, representation, member };
}
