/** One place that holds files: a Chirp server or the local file system. A Lane is one as it stands. */
import type { CallOptions } from "../../chirp/lane.ts";
import { decodeListing } from "../../chirp/listing.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, DirectoryEntry, FileStat, Operation, OperationKind, Results } from "../../protocol.ts";

/**
 * Operations go in as data, so that what stands in front of a store (retries, a refusal to write) is one function, and the
 * same for all of them. All failures are ChirpErrors.
 */
export interface Store {
  /** As the user wrote it, for messages: "hostA:9094", "local". */
  readonly server: string;
  /** RPCs sent so far; 0 for a local store. */
  readonly rpcs: number;
  call<K extends OperationKind>(operation: Extract<Operation, { kind: K }>, options?: CallOptions): Promise<Results[K]>;
  close(graceMs?: number): Promise<void>;
}

/** The word that stands for this machine's own file system in place of a server. */
export const LOCAL_SERVER = "local";

/** The longest listing taken in, so that a server that lies cannot fill the memory: about two million entries. */
const LISTING_BYTES_MAX = 256 * 1024 * 1024;

/** A directory, sorted by name; `hidden`: as in protocol.ts. ENOENT also when there is something else than a directory: Chirp does not tell apart. */
export async function listDirectory(store: Store, path: BytePath, hidden = false): Promise<DirectoryEntry[]> {
  const packed = await store.call({ kind: "list", path, maxBytes: LISTING_BYTES_MAX, hidden });
  return decodeListing(packed).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** lstat, or null when the server answers that nothing is there (a parent that is a file counts as that). */
export async function lstatOrNull(store: Store, path: BytePath): Promise<FileStat | null> {
  return await nullWhenMissing(store.call({ kind: "lstat", path }));
}

/** As lstatOrNull, links followed. */
export async function statOrNull(store: Store, path: BytePath): Promise<FileStat | null> {
  return await nullWhenMissing(store.call({ kind: "stat", path }));
}

/** As statOrNull, and null as well where the server will or can not tell: rights missing, a circle of links. */
export async function statOrUnknown(store: Store, path: BytePath): Promise<FileStat | null> {
  try {
    return await statOrNull(store, path);
  } catch (error) {
    if (error instanceof ChirpError && error.blame === "path") return null;
    throw error;
  }
}

/** Null in place of ENOENT and ENOTDIR, which say that there is nothing of this name. */
export async function nullWhenMissing<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ChirpError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return null;
    throw error;
  }
}

/** For what is made under a name that nobody else uses: where it is there already, a first try made it whose answer was lost. */
export async function doneWhenThere(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof ChirpError) || error.code !== "EEXIST") throw error;
  }
}

/** Which operations change something: the ones a source, and a dry run, must never send. */
function isWriting(kind: OperationKind): boolean {
  switch (kind) {
    case "list":
    case "stat":
    case "lstat":
    case "getFile":
    case "getFileInto":
    case "read":
    case "close":
    case "readlink":
    case "hash":
    case "getAcl":
    case "whoami":
      return false;
    case "putFile":
    case "write":
    case "store":
    case "utime":
    case "rename":
    case "unlink":
    case "mkdir":
    case "rmdir":
    case "chmod":
    case "symlink":
    case "setAcl":
    case "thirdput":
      return true;
  }
}

/** The same store, but a writing operation is a bug and ends the program: sources and dry runs go through this. */
export function readOnly(store: Store): Store {
  return {
    server: store.server,
    get rpcs() {
      return store.rpcs;
    },
    call(operation, options) {
      if (isWriting(operation.kind)) throw new Error(`bug: ${operation.kind} on ${store.server}, which is only read`);
      return store.call(operation, options);
    },
    close: (graceMs) => store.close(graceMs),
  };
}
