/**
 * libchirp in this thread, by way of native/chirp_shim. Every call blocks until the server answers or the timeout is over:
 * on the main thread of a server use a lane instead (src/chirp/lane.ts).
 *
 *     using chirp = openChirp({ host: "127.0.0.1:9094" });
 *     chirp.putFile("/hello.txt", Buffer.from("hello"), 0o644);
 */
import { toArrayBuffer } from "bun:ffi";
import { ChirpError, codeOfErrno, type ErrorCode } from "./errors.ts";
import { authMethods } from "./chirp/auth_methods.ts";
import { byteText, pointerTo, utf8Text } from "./chirp/c_text.ts";
import { statFromNumbers } from "./chirp/listing.ts";
import { loadPrivateCopy } from "./chirp/library.ts";
import type { BytePath, FileStat } from "./protocol.ts";

export interface ChirpOptions {
  /** `address:port`, `[v6 address]:port`, or a name, which then is looked up while everything waits. */
  readonly host: string;
  /** What messages call the server. Default: host. */
  readonly server?: string;
  /** Authentication methods in the order to be tried. */
  readonly auth?: readonly string[];
  /** Ticket files, separated by commas. */
  readonly tickets?: string;
  readonly connectTimeoutSeconds?: number;
  /** Seconds that a call may take, whole numbers; each method takes another one as its last argument. */
  readonly timeoutSeconds?: number;
}

/** Modes for `open`, as in open(2) of Linux, where alone this runs; node:fs would take each worker half as long again to start. */
export const READ = 0;
export const WRITE = 1;
export const CREATE = 0o100;
export const TRUNCATE = 0o1000;

/** More entries than this in one directory are refused (EFBIG): about a million with short names. */
const LISTING_MAX_BYTES = 128 * 1024 * 1024;

/** A digest is at most this long, see chirp_types.h; texts (link targets, subjects) at most a protocol line. */
const DIGEST_BYTES = 128;
const TEXT_BYTES = 1024;
const ACL_BYTES = 65_536;

export type Chirp = ReturnType<typeof openChirp>;
export type ChirpFile = ReturnType<Chirp["open"]>;

/**
 * A connection to one server, made with the first call. Methods throw ChirpError. Paths are byte paths (one character a
 * byte, see bytePath in chirp/byte_path.ts) and begin with "/"; sizes and offsets are in bytes, times in whole seconds.
 */
export function openChirp(options: ChirpOptions) {
  const { host, server = host, auth = authMethods, tickets = "", connectTimeoutSeconds = 10 } = options;
  const defaultTimeout = options.timeoutSeconds ?? 60;
  const shim = loadPrivateCopy();
  const numbers = new BigInt64Array(6);

  function fail(operation: string, path: string, code: ErrorCode, detail?: string): never {
    throw new ChirpError({ code, operation, path, server, ...(detail === undefined ? {} : { detail }) });
  }

  /** A result of the shim: the value, or the error thrown. */
  function checked(returned: number | bigint, operation: string, path: string): number {
    const result = Number(returned);
    if (result >= 0) return result;
    const { code, detail } = codeOfErrno(-result);
    return fail(operation, path, code, detail);
  }

  function pathText(operation: string, path: BytePath): Buffer {
    if (!path.startsWith("/")) fail(operation, path, "EINVAL", "a path on a Chirp server begins with /");
    return byteText(path) ?? fail(operation, path, "EINVAL", "a path is bytes, none of them NUL");
  }

  function wordText(operation: string, path: BytePath, word: string): Buffer {
    if (/[\x00-\x20]/.test(word)) {
      fail(operation, path, "EINVAL", "the Chirp protocol cannot carry white space or control characters there");
    }
    return byteText(word) ?? fail(operation, path, "EINVAL", "not bytes");
  }

  /** A call that takes a path and a timeout and gives nothing back but success. */
  function simple(name: "cs_unlink" | "cs_rmdir", operation: string) {
    return (path: BytePath, timeout = defaultTimeout): void => {
      checked(shim[name](pathText(operation, path), timeout), operation, path);
    };
  }

  function statWith(name: "cs_stat" | "cs_lstat", operation: string) {
    return (path: BytePath, timeout = defaultTimeout): FileStat => {
      checked(shim[name](pathText(operation, path), numbers, timeout), operation, path);
      return readNumbers(numbers);
    };
  }

  checked(
    shim.cs_init(utf8Text(host), utf8Text(auth.join(",")), utf8Text(tickets), connectTimeoutSeconds),
    "initialise",
    "",
  );

  return {
    server,
    /** Requests sent so far. */
    rpcs: (): number => Number(shim.cs_rpcs()),
    stat: statWith("cs_stat", "stat"),
    lstat: statWith("cs_lstat", "lstat"),
    unlink: simple("cs_unlink", "unlink"),
    rmdir: simple("cs_rmdir", "rmdir"),

    /** Packed entries for decodeListing (chirp/listing.ts), a copy. */
    list(path: BytePath, timeout = defaultTimeout, maxBytes = LISTING_MAX_BYTES): ArrayBuffer {
      const length = checked(shim.cs_list(pathText("list", path), maxBytes, timeout), "list", path);
      const bytes = shim.cs_listing();
      return length === 0 || bytes === null ? new ArrayBuffer(0) : toArrayBuffer(bytes, 0, length).slice(0);
    },

    /** Fills `buffer` with the whole file, which must have exactly its length (ESTALE otherwise). One RPC. */
    getFile(path: BytePath, buffer: Uint8Array, timeout = defaultTimeout): void {
      const text = pathText("get", path);
      checked(shim.cs_get_file(text, pointerTo(buffer), buffer.byteLength, timeout), "get", path);
    },

    putFile(path: BytePath, bytes: Uint8Array, mode: number, timeout = defaultTimeout): void {
      const text = pathText("put", path);
      checked(shim.cs_put_file(text, pointerTo(bytes), bytes.byteLength, mode, timeout), "put", path);
    },

    open(path: BytePath, flags: number, mode = 0o644, timeout = defaultTimeout) {
      const handle = checked(shim.cs_open(pathText("open", path), flags, mode, numbers, timeout), "open", path);
      return openFile(handle, path, readNumbers(numbers));
    },

    utime(path: BytePath, mtime: number, timeout = defaultTimeout): void {
      if (!Number.isInteger(mtime) || mtime < 0 || mtime > 0xffff_ffff) {
        fail("utime", path, "EINVAL", `${mtime} is no time that Chirp can carry (0 to 4294967295)`);
      }
      checked(shim.cs_utime(pathText("utime", path), mtime, timeout), "utime", path);
    },

    rename(path: BytePath, newPath: BytePath, timeout = defaultTimeout): void {
      checked(shim.cs_rename(pathText("rename", path), pathText("rename", newPath), timeout), "rename", newPath);
    },

    mkdir(path: BytePath, mode = 0o755, timeout = defaultTimeout): void {
      checked(shim.cs_mkdir(pathText("mkdir", path), mode, timeout), "mkdir", path);
    },

    chmod(path: BytePath, mode: number, timeout = defaultTimeout): void {
      checked(shim.cs_chmod(pathText("chmod", path), mode, timeout), "chmod", path);
    },

    /** A symbolic link at `path` that holds `target`. The protocol cannot carry a target with white space: EINVAL. */
    symlink(path: BytePath, target: BytePath, timeout = defaultTimeout): void {
      const text = pathText("symlink", path);
      checked(shim.cs_symlink(text, wordText("symlink", path, target), timeout), "symlink", path);
    },

    readlink(path: BytePath, timeout = defaultTimeout): BytePath {
      const buffer = Buffer.alloc(TEXT_BYTES);
      const text = pathText("readlink", path);
      const length = checked(shim.cs_readlink(text, buffer, TEXT_BYTES, timeout), "readlink", path);
      return buffer.toString("latin1", 0, length);
    },

    /** The server's own hash of the file, in hex. */
    hash(path: BytePath, algorithm: "md5" | "sha1", timeout = defaultTimeout): string {
      const digest = Buffer.alloc(DIGEST_BYTES);
      const text = pathText("hash", path);
      const length = checked(shim.cs_hash(text, utf8Text(algorithm), digest, timeout), "hash", path);
      return digest.toString("hex", 0, length);
    },

    /** Lines "subject rights". */
    getAcl(path: BytePath, timeout = defaultTimeout): string[] {
      const buffer = Buffer.alloc(ACL_BYTES);
      const text = pathText("getacl", path);
      const length = checked(shim.cs_getacl(text, buffer, ACL_BYTES, timeout), "getacl", path);
      return buffer.toString("latin1", 0, length).split("\n").slice(0, -1);
    },

    setAcl(path: BytePath, subject: string, rights: string, timeout = defaultTimeout): void {
      const text = pathText("setacl", path);
      const subjectText = wordText("setacl", path, subject);
      checked(shim.cs_setacl(text, subjectText, wordText("setacl", path, rights), timeout), "setacl", path);
    },

    /** This server sends path to another one, by itself. */
    thirdput(path: BytePath, thirdHost: string, thirdPath: BytePath, timeout = defaultTimeout): void {
      const third = pathText("thirdput", thirdPath);
      const text = pathText("thirdput", path);
      checked(shim.cs_thirdput(text, wordText("thirdput", path, thirdHost), third, timeout), "thirdput", path);
    },

    /** Whom the server takes us for, e.g. "unix:alice". Connects if need be. */
    whoami(timeout = defaultTimeout): string {
      const buffer = Buffer.alloc(TEXT_BYTES);
      const length = checked(shim.cs_whoami(buffer, TEXT_BYTES, timeout), "whoami", "");
      return buffer.toString("latin1", 0, length);
    },

    /** Closes the connection. The next call would make a new one. */
    [Symbol.dispose](): void {
      shim.cs_disconnect();
    },
  };

  function openFile(opened: number, path: BytePath, stat: FileStat) {
    let isOpen = true;

    /** The number may be another file's by now. */
    function handle(operation: string): number {
      return isOpen ? opened : fail(operation, path, "EINVAL", "the file was closed");
    }

    return {
      path,
      /** What the server said of the file when it was opened. */
      stat,
      /** Bytes read into buffer; fewer than its length only at the end of the file. ESTALE when the file was replaced. */
      pread(buffer: Uint8Array, offset: number, timeout = defaultTimeout): number {
        const length = buffer.byteLength;
        return checked(shim.cs_pread(handle("read"), pointerTo(buffer), length, offset, timeout), "read", path);
      },
      pwrite(bytes: Uint8Array, offset: number, timeout = defaultTimeout): void {
        const length = bytes.byteLength;
        checked(shim.cs_pwrite(handle("write"), pointerTo(bytes), length, offset, timeout), "write", path);
      },
      fstat(timeout = defaultTimeout): FileStat {
        checked(shim.cs_fstat(handle("fstat"), numbers, timeout), "fstat", path);
        return readNumbers(numbers);
      },
      /** Throws when the server could not keep what was written. */
      close(timeout = defaultTimeout): void {
        if (!isOpen) return;
        isOpen = false;
        checked(shim.cs_close(opened, timeout), "close", path);
      },
      [Symbol.dispose](): void {
        this.close();
      },
    };
  }
}

function readNumbers(numbers: BigInt64Array): FileStat {
  return statFromNumbers(Array.from(numbers, Number), 0);
}
