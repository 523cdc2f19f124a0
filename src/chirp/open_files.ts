/**
 * The files that a worker keeps open between requests, so that a range of a large file costs one RPC instead of three.
 * Least recently used ones are closed first.
 *
 * A file that was replaced stays open beside its successor for as long as it is read: a body that is being sent is finished in
 * the version that it was begun with.
 */
import { ChirpError } from "../errors.ts";
import { READ, type Chirp, type ChirpFile } from "../ffi.ts";
import type { BytePath, FileVersion } from "../protocol.ts";
import { isSameVersion } from "./file_stat.ts";

/** Each is a file descriptor in the server's process for this connection; a worker serves a few large bodies at a time. */
const OPEN_FILES_MAX = 24;

/** The server drops a connection after 60 idle seconds, and would count handles against its limits until then. */
const IDLE_MS = 30_000;

interface OpenFile {
  readonly file: ChirpFile;
  readonly isForWriting: boolean;
  usedAtMs: number;
}

export interface OpenFiles {
  /** The file for reading, the kept one of this version when there is one. Without a version it is opened anew: what is there now. */
  forReading(path: BytePath, timeoutSeconds: number, version?: FileVersion): ChirpFile;
  /** The file for writing, opened with these flags when it is not open yet. */
  forWriting(path: BytePath, flags: number, mode: number, timeoutSeconds: number): ChirpFile;
  /** Closes a file that is of no more use; what the server says of that adds nothing. */
  drop(file: ChirpFile, timeoutSeconds: number): void;
  /** Closes what is open of path; the server's complaint about a close is thrown after all are closed. */
  close(path: BytePath, timeoutSeconds: number): void;
  /** Closes what was not used for a while. */
  closeIdle(timeoutSeconds: number): void;
}

export function createOpenFiles(chirp: Pick<Chirp, "open">, now: () => number = Date.now): OpenFiles {
  // In order of use: the first is the one used longest ago.
  const files = new Set<OpenFile>();
  // Of written files that were closed unasked, what the server said: for whoever closes their path.
  const failures = new Map<BytePath, ChirpError>();

  function close(open: OpenFile, timeoutSeconds: number): void {
    files.delete(open);
    open.file.close(timeoutSeconds);
  }

  /** A failed close must not fail the call that made room. A file that was only read loses nothing by it. */
  function closeUnasked(open: OpenFile, timeoutSeconds: number): void {
    try {
      close(open, timeoutSeconds);
    } catch (error) {
      if (!(error instanceof ChirpError)) throw error;
      if (open.isForWriting) failures.set(open.file.path, error);
    }
  }

  function drop(file: ChirpFile, timeoutSeconds: number): void {
    for (const open of files) {
      if (open.file !== file) continue;
      try {
        close(open, timeoutSeconds);
      } catch (error) {
        if (!(error instanceof ChirpError)) throw error;
      }
    }
  }

  function use(open: OpenFile): ChirpFile {
    files.delete(open);
    files.add(open);
    open.usedAtMs = now();
    return open.file;
  }

  function find(path: BytePath, isForWriting: boolean, version?: FileVersion): OpenFile | undefined {
    for (const open of files) {
      const isRight = open.file.path === path && open.isForWriting === isForWriting;
      if (isRight && (version === undefined || isSameVersion(open.file.stat, version))) return open;
    }
    return undefined;
  }

  function open(path: BytePath, isForWriting: boolean, flags: number, mode: number, timeoutSeconds: number): ChirpFile {
    if (files.size >= OPEN_FILES_MAX) closeUnasked(files.values().next().value!, timeoutSeconds);
    return use({ file: chirp.open(path, flags, mode, timeoutSeconds), isForWriting, usedAtMs: now() });
  }

  return {
    drop,
    forReading(path, timeoutSeconds, version) {
      const known = find(path, false, version);
      if (known !== undefined && version !== undefined) return use(known);
      if (known !== undefined) drop(known.file, timeoutSeconds);
      return open(path, false, READ, 0, timeoutSeconds);
    },
    forWriting(path, flags, mode, timeoutSeconds) {
      const known = find(path, true);
      return known === undefined ? open(path, true, flags, mode, timeoutSeconds) : use(known);
    },
    close(path, timeoutSeconds) {
      let failure: unknown = failures.get(path);
      failures.delete(path);
      for (const open of [...files].filter(({ file }) => file.path === path)) {
        try {
          close(open, timeoutSeconds);
        } catch (error) {
          failure ??= error;
        }
      }
      if (failure !== undefined) throw failure;
    },
    closeIdle(timeoutSeconds) {
      for (const open of [...files]) {
        if (now() - open.usedAtMs < IDLE_MS) break;
        closeUnasked(open, timeoutSeconds);
      }
    },
  };
}
