/** From a path in a URL to what is to be sent: a file (perhaps a precompressed copy, or an index), a redirect, a listing, or nothing. */
import { joinPath } from "../../chirp/byte_path.ts";
import type { BytePath, DirectoryEntry } from "../../protocol.ts";
import { contentCodings, chooseCoding, siblingSuffix, type ContentCoding } from "../http/accept_encoding.ts";
import type { Compressor } from "./compressor.ts";
import type { Finder, Found, Verdict } from "./finder.ts";
import type { Trace } from "./trace.ts";
import { isCompressible, mediaTypeOf } from "../http/media_type.ts";
import type { ReplicaView } from "./replica_view.ts";
import type { Member } from "../../replicas/pool.ts";

export type FoundFile = Found & { readonly kind: "file" };

export interface FileResource {
  readonly kind: "file";
  readonly file: FoundFile;
  /** The file without encoding; `file` itself when none is used. */
  readonly plain: FoundFile;
  /** Of the file that is meant, below the web root: "/dir/index.html", also when a compressed copy is sent. */
  readonly path: BytePath;
  readonly encoding: ContentCoding | null;
  /** Encodings that there are besides the plain file: when there is one, Accept-Encoding has decided. */
  readonly available: readonly ContentCoding[];
  /** The encodings are not files beside this one, but made by --compress. */
  readonly isCompressedHere: boolean;
}

export type Resource =
  | FileResource
  | { readonly kind: "redirect" }
  | { readonly kind: "listing"; readonly entries: readonly DirectoryEntry[] }
  | { readonly kind: "missing" }
  | { readonly kind: "denied" };

export interface ResourceQuestion {
  /** As parseRequestPath gives it. */
  readonly path: BytePath;
  readonly trailingSlash: boolean;
  /** The header of this name. */
  readonly acceptEncoding: string | null;
  /** performance.now() by which the answer must be there. */
  readonly deadline: number;
}

export interface ResourceOptions {
  readonly finder: Finder;
  readonly viewOf: (member: Member) => ReplicaView;
  /** Directory on every server that is the web root, without a slash at its end except for "/". */
  readonly root: BytePath;
  readonly autoindex: boolean;
  /** Null without --compress. */
  readonly compressor: Compressor | null;
  /** Served for paths where there is nothing: "/index.html" of a single-page application. Null: 404. */
  readonly fallback: BytePath | null;
}

export const INDEX = "index.html";

/** The file itself is at hand: copies of it are not waited for longer. */
const SIBLINGS_TIMEOUT_MS = 1_000;

const missing: Resource = { kind: "missing" };

export function createResourceFinder(options: ResourceOptions) {
  const { finder, viewOf, root } = options;

  const onServer = (path: BytePath) => pathOnServer(root, path);

  async function directory(question: ResourceQuestion, trace: Trace): Promise<Resource> {
    const path = onServer(question.path);
    const index = await finder.find(joinPath(path, INDEX), trace, question.deadline);
    if (index.kind === "file") return await withEncoding(index, question, trace);
    if (index.kind === "denied") return index;
    if (!options.autoindex) return missing;
    const verdict = question.path === "/" ? index : await finder.find(path, trace, question.deadline);
    if (verdict.kind === "denied") return verdict;
    if (verdict.kind !== "directory" && question.path !== "/") return missing;
    const entries = await finder.listDirectory(path, trace, question.deadline);
    return entries === null ? { kind: "denied" } : { kind: "listing", entries };
  }

  async function fileOrDirectory(question: ResourceQuestion, trace: Trace): Promise<Resource> {
    const verdict: Verdict = await finder.find(onServer(question.path), trace, question.deadline);
    switch (verdict.kind) {
      case "file":
        return await withEncoding(verdict, question, trace);
      case "directory":
        return { kind: "redirect" };
      default:
        return verdict;
    }
  }

  /** The precompressed copy that the client prefers, on the same server. */
  async function withEncoding(file: FoundFile, question: ResourceQuestion, trace: Trace): Promise<Resource> {
    const path = root === "/" ? file.path : file.path.slice(root.length);
    const available = await siblingsOf(file, path, question, trace);
    const isListed = viewOf(file.member).peek(file.path, file) !== undefined;
    if (available.length === 0) {
      // Not listed, it was looked for copies only as far as Accept-Encoding asked for them.
      const mayHaveOthers = !isListed && isCompressible(mediaTypeOf(path));
      return await compressed(plainResource(file, path, mayHaveOthers ? contentCodings : []), question.acceptEncoding);
    }
    const plain: FileResource = plainResource(file, path, available);
    const coding = chooseCoding(question.acceptEncoding, available);
    if (coding === null) return plain;
    const sibling = await finder.find(file.path + siblingSuffix[coding], trace, question.deadline, file.member);
    return sibling.kind === "file" ? { ...plain, file: sibling, encoding: coding } : plain;
  }

  /**
   * The codings of which there are copies beside the file. The listing that named it has told of them all, also when it has expired while
   * the contents were read: what is prepared here may be used for as long as listings say the same. Where there is none (--cache-ttl 0,
   * large directories, those that may not be listed) each costs an RPC: it is asked for those that the client may want, of types for
   * which people make them.
   */
  async function siblingsOf(file: FoundFile, path: BytePath, question: ResourceQuestion, trace: Trace) {
    const view = viewOf(file.member);
    const deadline = Math.min(question.deadline, performance.now() + SIBLINGS_TIMEOUT_MS);
    const stats = await Promise.all(
      contentCodings.map(async (coding) => {
        const sibling = file.path + siblingSuffix[coding];
        const known = view.peek(sibling, file);
        if (known !== undefined) return known;
        const isWanted = chooseCoding(question.acceptEncoding, [coding]) !== null && isCompressible(mediaTypeOf(path));
        return isWanted ? await finder.stat(sibling, trace, deadline, file.member) : null;
      }),
    );
    // An older one was made of an older file.
    return contentCodings.filter((_, index) => (stats[index]?.mtime ?? -1) >= file.stat.mtime);
  }

  /** The file as --compress makes it, if that is worthwhile. */
  async function compressed(plain: FileResource, acceptEncoding: string | null): Promise<Resource> {
    const { compressor } = options;
    const { file, path } = plain;
    const { content } = file;
    if (compressor === null || content === null) return plain;
    if (!compressor.isWorthwhile(mediaTypeOf(path), content.blob.size)) return plain;
    const varying: FileResource = { ...plain, available: contentCodings, isCompressedHere: true };
    const coding = chooseCoding(acceptEncoding, contentCodings);
    const smaller = coding === null ? null : await compressor.compress(content, coding);
    return smaller === null ? varying : { ...varying, file: { ...file, content: smaller }, encoding: coding };
  }

  return {
    async find(question: ResourceQuestion, trace: Trace): Promise<Resource> {
      const resource = await (question.trailingSlash ? directory(question, trace) : fileOrDirectory(question, trace));
      if (resource.kind !== "missing" || options.fallback === null) return resource;
      return await fileOrDirectory({ ...question, path: options.fallback, trailingSlash: false }, trace);
    },
  };
}

function plainResource(file: FoundFile, path: BytePath, available: readonly ContentCoding[]): FileResource {
  return { kind: "file", file, plain: file, path, encoding: null, available, isCompressedHere: false };
}

/** Where a path of the site lies on a Chirp server. ("/www", "/a") → "/www/a"; ("/www", "/") → "/www". */
export function pathOnServer(root: BytePath, path: BytePath): BytePath {
  if (root === "/") return path;
  return path === "/" ? root : root + path;
}

export type ResourceFinder = ReturnType<typeof createResourceFinder>;
