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
import type { Content, ContentCache, Peeked } from "../content/content_cache.ts";
import type { LeasedFile, ReplicaView } from "../content/replica_view.ts";
import type { Prepared, Representations } from "./representations.ts";
import type { Representation } from "./respond_plan.ts";
import { INDEX, pathOnServer } from "../content/resource.ts";

export interface MemoryPathOptions {
  readonly pool: Pool;
  readonly cache: ContentCache;
  readonly viewOf: (member: Member) => ReplicaView;
  readonly representations: Representations;
  /** Null without --compress. */
  readonly compressor: Compressor | null;
  readonly root: BytePath;
  /** Told of what a new listing says to be there still, with the hash of its contents. */
  readonly onRenewed: (target: FileTarget, hash: string) => void;
}

/** What a URL asks for. The same object for the same URL saves most of the looking. */
export interface FileTarget {
  readonly path: BytePath;
  readonly trailingSlash: boolean;
}

export interface Remembered {
  readonly member: Member;
  readonly representation: Representation;
  readonly content: Content;
}

export interface MemoryPath {
  /** What a server chosen at random is known to have there; null when somebody must be asked. `now`: performance.now(). */
  find(target: FileTarget, acceptEncoding: string | null, now: number): Remembered | null;
}

/** What was found of one server's file: true as long as its listing is fresh and its contents are held. */
interface Found {
  readonly prepared: Prepared;
  readonly listed: LeasedFile;
  readonly held: Peeked;
}

export function createMemoryPath(options: MemoryPathOptions): MemoryPath {
  const { pool, cache, viewOf, representations, compressor, root, onRenewed } = options;
  /** Of each server, what was found last at a target, without encoding. Bounded by who remembers targets (path_memo.ts). */
  const lastFound = new WeakMap<Member, WeakMap<FileTarget, Found>>();

  /** What was served last for a file of this server, if that may still be true of it. */
  function look(member: Member, path: BytePath, encoding: ContentCoding | null): Found | undefined {
    const listed = viewOf(member).leased(path);
    const prepared = listed && representations.peek(listed.stat, encoding);
    const held = prepared && cache.peek(member.lane, path, listed.stat);
    return held && held.holding.content?.hash === prepared.hash ? { prepared, listed, held } : undefined;
  }

  function plainFile(member: Member, target: FileTarget, now: number): Found | undefined {
    let ofMember = lastFound.get(member);
    const last = ofMember?.get(target);
    if (last !== undefined && isStillTrue(last, now)) return last;
    const found = look(member, pathOf(target), null);
    if (found === undefined) return undefined;
    if (ofMember === undefined) lastFound.set(member, (ofMember = new WeakMap()));
    ofMember.set(target, found);
    if (found.prepared.hash !== null) onRenewed(target, found.prepared.hash);
    return found;
  }

  /** The same as --compress makes it; the plain file where that does not become smaller. */
  function compressed(plain: Remembered, { listed }: Found, coding: ContentCoding): Remembered | null {
    const content = compressor?.peek(plain.content.hash, coding);
    if (content === null) return plain;
    const prepared = representations.peek(listed.stat, coding);
    if (content === undefined || prepared?.hash !== content.hash) return null;
    return { member: plain.member, representation: prepared.representation, content };
  }

  function precompressed(member: Member, target: FileTarget, coding: ContentCoding, now: number): Remembered | null {
    const found = look(member, pathOf(target) + siblingSuffix[coding], coding);
    return found === undefined ? null : remembered(member, found, now);
  }

  function remembered(member: Member, { prepared, held }: Found, now: number): Remembered | null {
    const content = cache.use(held, now);
    return content === undefined ? null : { member, representation: prepared.representation, content };
  }

  /** On the server. */
  function pathOf({ path, trailingSlash }: FileTarget): BytePath {
    const onServer = pathOnServer(root, path);
    return trailingSlash ? joinPath(onServer, INDEX) : onServer;
  }

  return {
    find(target, acceptEncoding, now) {
      const member = pool.choose();
      if (member === undefined || member.replica.state !== "well") return null;
      const found = plainFile(member, target, now);
      const plain = found === undefined ? null : remembered(member, found, now);
      if (found === undefined || plain === null) return null;
      const coding = chooseCoding(acceptEncoding, found.prepared.available);
      if (coding === null) return plain;
      if (found.prepared.isCompressedHere) return compressed(plain, found, coding);
      return precompressed(member, target, coding, now);
    },
  };
}

function isStillTrue({ listed, held }: Found, now: number): boolean {
  return now < listed.lease.expiresAt && now <= held.trustedUntil && held.holding.content !== null;
}
