/** Failures of Chirp operations: one error class, one table of codes, one place that says whom a code accuses. */

/**
 * Whom a failure accuses.
 * `server`: it, or the way to it, is broken; ask another, and stop asking this one for a while.
 * `path`: the server is well and answered that it cannot do this with this path.
 * `version`: the file is no longer the version that was asked for.
 * `ours`: this process is at fault or at its limit.
 */
export type Blame = "server" | "path" | "version" | "ours";

/** errno numbers of Linux as the native library returns them, their names, whom they accuse, and words for people. */
const table = {
  EPERM: [1, "path", "operation not permitted"],
  ENOENT: [2, "path", "no such file or directory"],
  EIO: [5, "path", "input/output error"],
  EAGAIN: [11, "path", "try again"],
  ENOMEM: [12, "ours", "out of memory"],
  EACCES: [13, "path", "permission denied"],
  EBUSY: [16, "path", "busy"],
  EEXIST: [17, "path", "already exists"],
  EXDEV: [18, "path", "cross-device link"],
  ENOTDIR: [20, "path", "not a directory"],
  EISDIR: [21, "path", "is a directory"],
  EINVAL: [22, "path", "invalid argument"],
  EMFILE: [24, "server", "too many open files"],
  EFBIG: [27, "path", "file too large"],
  ENOSPC: [28, "path", "no space left on device"],
  ESPIPE: [29, "path", "is a pipe"],
  EROFS: [30, "path", "read-only file system"],
  ENAMETOOLONG: [36, "path", "name too long"],
  ENOSYS: [38, "path", "not supported by this server"],
  ENOTEMPTY: [39, "path", "directory not empty"],
  EPROTO: [71, "server", "what answers there does not speak Chirp"],
  EILSEQ: [84, "path", "contents arrived changed"],
  ENOTSUP: [95, "path", "not supported"],
  ENETUNREACH: [101, "server", "network unreachable"],
  ECONNABORTED: [103, "ours", "given up by this process"],
  ECONNRESET: [104, "server", "connection lost"],
  ENOBUFS: [105, "ours", "too many requests waiting"],
  ETIMEDOUT: [110, "server", "timed out"],
  ECONNREFUSED: [111, "server", "connection refused"],
  EHOSTUNREACH: [113, "server", "host unreachable, or its name unknown"],
  ESTALE: [116, "version", "file changed meanwhile"],
  EREMOTEIO: [121, "path", "the server could not do it and does not say why (symbolic link loop, disk error)"],
  EKEYREJECTED: [129, "server", "authentication refused"],
  ENOTFOUND: [10_001, "server", "host name not found"],
} as const satisfies Record<string, readonly [errno: number, blame: Blame, text: string]>;

export type ErrorCode = keyof typeof table;

const codeByErrno = new Map<number, ErrorCode>(
  (Object.keys(table) as ErrorCode[]).map((code) => [table[code][0], code]),
);

/** A failure as plain data: what crosses threads, since error subclasses lose their fields there. */
export interface Failure {
  readonly code: ErrorCode;
  /** The operation, e.g. "open", "rename". */
  readonly operation: string;
  /** The path as bytes (latin1), "" when none is meant. */
  readonly path: string;
  /** The server as the user wrote it, e.g. "hostA:9094". */
  readonly server: string;
  /** What more is known, for people. */
  readonly detail?: string;
}

/** A Chirp operation that failed. `message` reads: Cannot open "/a" on hostA:9094: no such file or directory (ENOENT). */
export class ChirpError extends Error implements Failure {
  override readonly name = "ChirpError";
  readonly code: ErrorCode;
  readonly operation: string;
  readonly path: string;
  readonly server: string;
  readonly detail?: string;

  constructor(failure: Failure) {
    super(describeFailure(failure));
    this.code = failure.code;
    this.operation = failure.operation;
    this.path = failure.path;
    this.server = failure.server;
    if (failure.detail !== undefined) this.detail = failure.detail;
  }

  get blame(): Blame {
    return blameOf(this.code);
  }

  toFailure(): Failure {
    const { code, operation, path, server, detail } = this;
    return { code, operation, path, server, ...(detail === undefined ? {} : { detail }) };
  }
}

/** The code of a Linux errno. A number that is not in the table is reported as EIO, with the number in the detail. */
export function codeOfErrno(errno: number): { readonly code: ErrorCode; readonly detail?: string } {
  const code = codeByErrno.get(errno);
  return code === undefined ? { code: "EIO", detail: `errno ${errno}` } : { code };
}

export function blameOf(code: ErrorCode): Blame {
  return table[code][1];
}

/** Words for a code, e.g. "no such file or directory". */
export function describeCode(code: ErrorCode): string {
  return table[code][2];
}

function describeFailure({ code, operation, path, server, detail }: Failure): string {
  const what = path === "" ? operation : `${operation} "${displayName(path)}"`;
  const more = detail === undefined ? "" : `: ${detail}`;
  return `Cannot ${what} on ${server}: ${describeCode(code)} (${code})${more}`;
}

/**
 * A byte path as text for people: UTF-8 where it is UTF-8, other bytes and control characters as \\xNN.
 *
 *     caf\u00c3\u00a9 → café    a\n → a\\x0a    \u00ff → \\xff    back\\slash → back\\\\slash
 */
export function displayName(path: string): string {
  const bytes = path.replaceAll("\\", "\\\\").replace(/[\x00-\x1f\x7f]/g, hexEscape);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, "latin1"));
    // C1 controls, and the line and direction marks that make a terminal or a log lie.
    return text.replace(/[\u0080-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) =>
      Buffer.from(character).toString("latin1").replace(/./gs, hexEscape),
    );
  } catch {
    return bytes.replace(/[\x80-\xff]/g, hexEscape);
  }
}

function hexEscape(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
