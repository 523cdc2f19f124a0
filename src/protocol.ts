/**
 * The messages between the main thread and the Chirp workers.
 *
 * Contract: the main thread sends one `Setup`, then `Request`s. Every request is answered by exactly one `Reply` with the
 * same id. A request names paths and ranges, never a handle: any worker of a lane can serve any request. Bytes are
 * transferred or shared, never copied. A worker that meets anything but a ChirpError dies, and its lane replaces it.
 */
import type { Failure } from "./errors.ts";

/**
 * A path or name on a Chirp server: one character for each byte (latin1), since names there are bytes in no
 * particular encoding. `bytePath("/café")` has six characters, `displayName` turns it into text for people.
 */
export type BytePath = string;

/** What Chirp tells of a file. Times are whole seconds since 1970; size is in bytes; mode has the type bits of stat(2). */
export interface FileStat {
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
  readonly ctime: number;
  readonly inode: number;
  readonly links: number;
}

export interface DirectoryEntry {
  readonly name: BytePath;
  /** lstat of the entry; mode 0 when the server could not tell (then nothing is known of it, not even that it is there). */
  readonly stat: FileStat;
}

/** What identifies one version of a file's contents on one server. */
export interface FileVersion {
  readonly size: number;
  readonly mtime: number;
  readonly ctime: number;
  readonly inode: number;
}

/** One blocking job for a worker. Sizes and offsets in bytes, times in whole seconds, modes as in chmod(2). */
export type Operation =
  /** getlongdir: the whole directory with the lstat of every entry, without `.`, `..` and names beginning `.__`. */
  /** `hidden`: names that begin with .__ too, where the place can tell them; a server never does. */
  | { readonly kind: "list"; readonly path: BytePath; readonly maxBytes: number; readonly hidden?: boolean }
  | { readonly kind: "stat"; readonly path: BytePath }
  | { readonly kind: "lstat"; readonly path: BytePath }
  /** The whole file in one RPC; it must have exactly `size` bytes, else ESTALE. Regular files only: a FIFO would hang the server. */
  | { readonly kind: "getFile"; readonly path: BytePath; readonly size: number; readonly hash?: boolean }
  /** As getFile, into memory that other threads see; the file must have exactly buffer.byteLength bytes, else ESTALE. */
  | { readonly kind: "getFileInto"; readonly path: BytePath; readonly buffer: SharedArrayBuffer }
  /**
   * A range of a file, through a file that the worker keeps open between requests (the first costs an RPC more).
   * `version` makes the read fail with ESTALE when the file is another one or was changed; `check` asks the server
   * again after the read (fstat) whether it still is that version. Short only at the end of the file.
   */
  | {
      readonly kind: "read";
      readonly path: BytePath;
      readonly offset: number;
      readonly length: number;
      readonly version?: FileVersion;
      readonly check?: boolean;
      /** Memory that other threads see, to read into; without it the reply brings a buffer of its own. */
      readonly buffer?: SharedArrayBuffer;
      /** "only": the bytes stay in the worker, and the reply has nothing but their digest; "also": both. */
      readonly digest?: "also" | "only";
    }
  /** Closes what "read" and "write" hold open of a path. Its error is the error of the writes before. */
  | { readonly kind: "close"; readonly path: BytePath }
  | { readonly kind: "putFile"; readonly path: BytePath; readonly bytes: Uint8Array; readonly mode: number }
  /** Part of a file, through a file kept open for writing; created with `mode` when missing, cut to 0 first with `truncate`. */
  | {
      readonly kind: "write";
      readonly path: BytePath;
      readonly offset: number;
      readonly bytes: Uint8Array;
      readonly mode: number;
      readonly truncate: boolean;
    }
  /**
   * putFile to `staging`, then utime (unless mtime is null), then rename to `path`: readers see the old or the new file.
   * With `rename` false the file stays at `staging` (a directory staged whole). With `hash` the server's own hash of the
   * staged file must be equal (hex), else EILSEQ and nothing is renamed.
   */
  | {
      readonly kind: "store";
      readonly staging: BytePath;
      readonly path: BytePath;
      readonly rename: boolean;
      readonly bytes: Uint8Array;
      readonly mode: number;
      readonly chmod: boolean;
      readonly mtime: number | null;
      readonly hash: { readonly algorithm: "md5" | "sha1"; readonly hex: string } | null;
    }
  | { readonly kind: "utime"; readonly path: BytePath; readonly mtime: number }
  | { readonly kind: "rename"; readonly path: BytePath; readonly newPath: BytePath }
  | { readonly kind: "unlink"; readonly path: BytePath }
  | { readonly kind: "mkdir"; readonly path: BytePath; readonly mode: number }
  | { readonly kind: "rmdir"; readonly path: BytePath }
  | { readonly kind: "chmod"; readonly path: BytePath; readonly mode: number }
  /** A symbolic link at `path` that holds `target`. */
  | { readonly kind: "symlink"; readonly path: BytePath; readonly target: BytePath }
  | { readonly kind: "readlink"; readonly path: BytePath }
  /** The server reads the file and answers with its hash, in hex. */
  | { readonly kind: "hash"; readonly path: BytePath; readonly algorithm: "md5" | "sha1" }
  /** Lines "subject rights", as chirp's getacl prints them. */
  | { readonly kind: "getAcl"; readonly path: BytePath }
  | { readonly kind: "setAcl"; readonly path: BytePath; readonly subject: string; readonly rights: string }
  /** This server copies path to newPath on another server (host:port) by itself. */
  | { readonly kind: "thirdput"; readonly path: BytePath; readonly host: string; readonly newPath: BytePath }
  /** Connects and authenticates if need be; the subject the server knows us by, e.g. "unix:alice". */
  | { readonly kind: "whoami" };

export type OperationKind = Operation["kind"];

/** What each operation answers. */
export interface Results {
  /** Packed entries, see chirp/listing.ts. */
  list: ArrayBuffer;
  stat: FileStat;
  lstat: FileStat;
  /** hash: SHA-256 in base64url when it was asked for. */
  getFile: { readonly bytes: ArrayBuffer; readonly hash: string | null };
  getFileInto: null;
  /**
   * version: what the server said of the file when it was opened. bytes: null when they went into the request's own buffer or
   * were not wanted. length: bytes read. digest: 64 bits, fast, not safe against forgers: compares what servers hold.
   */
  read: {
    readonly bytes: ArrayBuffer | null;
    readonly length: number;
    readonly version: FileStat;
    readonly digest: bigint | null;
  };
  close: null;
  putFile: null;
  write: null;
  store: null;
  utime: null;
  rename: null;
  unlink: null;
  mkdir: null;
  rmdir: null;
  chmod: null;
  symlink: null;
  readlink: BytePath;
  hash: string;
  getAcl: string[];
  setAcl: null;
  thirdput: null;
  whoami: string;
}

/** First message to a worker: everything it needs to know, once. */
export interface Setup {
  readonly kind: "setup";
  /** `address:port` that libchirp connects to; names are resolved by the main thread. */
  readonly host: string;
  /** For messages: the server as the user wrote it. */
  readonly server: string;
  readonly auth: readonly string[];
  readonly tickets: string;
  readonly connectTimeoutSeconds: number;
}

export interface Request {
  readonly kind: "request";
  readonly id: number;
  readonly operation: Operation;
  /** Seconds, whole, at least 1: libchirp's stoptime counts no finer. */
  readonly timeoutSeconds: number;
}

/** Last message to a worker, between requests: it closes its connection and ends. */
export interface End {
  readonly kind: "end";
}

export type Reply =
  | { readonly kind: "ready" }
  /** The library could not be loaded or used: nothing will work until the set-up is mended. */
  | { readonly kind: "unusable"; readonly message: string }
  | { readonly kind: "done"; readonly id: number; readonly result: Results[OperationKind]; readonly rpcs: number }
  | { readonly kind: "failed"; readonly id: number; readonly failure: Failure; readonly rpcs: number };
