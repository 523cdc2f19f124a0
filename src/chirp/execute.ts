/** Does one operation of protocol.ts with libchirp. */
import { ChirpError, type ErrorCode } from "../errors.ts";
import { CREATE, TRUNCATE, WRITE, type Chirp } from "../ffi.ts";
import type { FileStat, Operation, OperationKind, Results } from "../protocol.ts";
import { isSameVersion } from "./file_stat.ts";
import { createOpenFiles, type OpenFiles } from "./open_files.ts";

export interface Executed {
  readonly result: Results[OperationKind];
  /** Buffers in the result that are given away instead of copied. */
  readonly transfer?: readonly ArrayBuffer[];
}

/** Blocks until the operation is done; throws ChirpError. */
export type Executor = (operation: Operation, timeoutSeconds: number) => Executed;

const NOTHING: Executed = { result: null };

export function createExecutor(chirp: Chirp): Executor {
  const files = createOpenFiles(chirp);

  return (operation, timeout) => {
    files.closeIdle(timeout);
    const { path } = operation.kind === "whoami" ? { path: "" } : operation;
    switch (operation.kind) {
      case "list":
        return given(chirp.list(path, timeout, operation.maxBytes));
      case "stat":
        return { result: chirp.stat(path, timeout) };
      case "lstat":
        return { result: chirp.lstat(path, timeout) };
      case "getFile": {
        const bytes = new ArrayBuffer(operation.size);
        chirp.getFile(path, new Uint8Array(bytes), timeout);
        const hash = operation.hash === true ? new Bun.CryptoHasher("sha256").update(bytes).digest("base64url") : null;
        return { result: { bytes, hash }, transfer: [bytes] };
      }
      case "getFileInto":
        return done(chirp.getFile(path, new Uint8Array(operation.buffer), timeout));
      case "read":
        return read(chirp, files, operation, timeout);
      case "close":
        return done(files.close(path, timeout));
      case "putFile":
        return done(chirp.putFile(path, operation.bytes, operation.mode, timeout));
      case "write": {
        const flags = WRITE | CREATE | (operation.truncate ? TRUNCATE : 0);
        const file = files.forWriting(path, flags, operation.mode, timeout);
        return done(file.pwrite(operation.bytes, operation.offset, timeout));
      }
      case "store":
        return done(store(chirp, operation, timeout));
      case "utime":
        return done(chirp.utime(path, operation.mtime, timeout));
      case "rename":
        return done(chirp.rename(path, operation.newPath, timeout));
      case "unlink":
        return done(chirp.unlink(path, timeout));
      case "mkdir":
        return done(chirp.mkdir(path, operation.mode, timeout));
      case "rmdir":
        return done(chirp.rmdir(path, timeout));
      case "chmod":
        return done(chirp.chmod(path, operation.mode, timeout));
      case "symlink":
        return done(chirp.symlink(path, operation.target, timeout));
      case "readlink":
        return { result: chirp.readlink(path, timeout) };
      case "hash":
        return { result: chirp.hash(path, operation.algorithm, timeout) };
      case "getAcl":
        return { result: chirp.getAcl(path, timeout) };
      case "setAcl":
        return done(chirp.setAcl(path, operation.subject, operation.rights, timeout));
      case "thirdput":
        return done(chirp.thirdput(path, operation.host, operation.newPath, timeout));
      case "whoami":
        return { result: chirp.whoami(timeout) };
      default:
        return operation satisfies never;
    }
  };
}

function done(_: void): Executed {
  return NOTHING;
}

function given(buffer: ArrayBuffer): Executed {
  return { result: buffer, transfer: [buffer] };
}

function read(chirp: Chirp, files: OpenFiles, request: Operation & { kind: "read" }, timeout: number): Executed {
  const { path, offset, length, version, check = false, buffer } = request;
  const file = files.forReading(path, timeout, version);
  try {
    const current = file.stat;
    if (version !== undefined && !isSameVersion(current, version)) fail(chirp, "ESTALE", "read", path);
    const room = Math.max(0, Math.min(length, current.size - offset));
    const target = new Uint8Array(buffer ?? new ArrayBuffer(room)).subarray(0, length);
    const count = file.pread(target, offset, timeout);
    if (check && !isUntouched(file.fstat(timeout), current)) fail(chirp, "ESTALE", "read", path);
    const bytes = target.subarray(0, count);
    const digest = request.digest === undefined ? null : Bun.hash.xxHash3(bytes);
    if (buffer !== undefined || request.digest === "only") {
      return { result: { bytes: null, length: count, version: current, digest } };
    }
    const whole = (count === room ? target.buffer : bytes.slice().buffer) as ArrayBuffer;
    return { result: { bytes: whole, length: count, version: current, digest }, transfer: [whole] };
  } catch (error) {
    // After a failure the handle is worth nothing: the next try opens anew.
    files.drop(file, timeout);
    throw error;
  }
}

/** Losing a name (to a file that was renamed over it) changes a file's ctime as well, and nothing of its contents. */
function isUntouched(now: FileStat, then: FileStat): boolean {
  return isSameVersion(now, now.links < then.links ? { ...then, ctime: now.ctime } : then);
}

function store(chirp: Chirp, request: Operation & { kind: "store" }, timeout: number): void {
  const { staging, path, bytes, mode, mtime, hash } = request;
  chirp.putFile(staging, bytes, mode, timeout);
  if (hash !== null && chirp.hash(staging, hash.algorithm, timeout) !== hash.hex) {
    fail(chirp, "EILSEQ", "verify", path);
  }
  if (request.chmod) chirp.chmod(staging, mode, timeout);
  if (mtime !== null) chirp.utime(staging, mtime, timeout);
  if (request.rename) chirp.rename(staging, path, timeout);
}

function fail(chirp: Chirp, code: ErrorCode, operation: string, path: string): never {
  throw new ChirpError({ code, operation, path, server: chirp.server });
}
