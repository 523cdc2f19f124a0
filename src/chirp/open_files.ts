/**
 * The files that a worker keeps open between requests, so that a range of a large file costs one RPC instead of three.
 * Least recently used ones are closed first.
 */
import type { Chirp, ChirpFile } from "../ffi.ts";
import type { BytePath } from "../protocol.ts";

/** Each is a file descriptor in the server's process for this connection; a worker serves a few large bodies at a time. */
const OPEN_FILES_MAX = 24;

/** The server drops a connection after 60 idle seconds, and would count handles against its limits until then. */
const IDLE_MS = 30_000;

interface OpenFile {
  readonly key: string;
  readonly file: ChirpFile;
  usedAtMs: number;
}

export interface OpenFiles {
  /** The open file for path, opened with these flags when it is not open yet. */
  get(path: BytePath, flags: number, mode: number, timeoutSeconds: number): ChirpFile;
  /** Closes what is open of path; the server's complaint about a close is thrown after all are closed. */
  close(path: BytePath, timeoutSeconds: number): void;
  /** Closes what was not used for a while. */
  closeIdle(timeoutSeconds: number): void;
}

export function createOpenFiles(chirp: Chirp, now: () => number = Date.now): OpenFiles {
  // In order of use: the first is the one used longest ago.
  const files = new Map<string, OpenFile>();

  function close(open: OpenFile, timeoutSeconds: number): void {
    files.delete(open.key);
    open.file.close(timeoutSeconds);
  }

  return {
    get(path, flags, mode, timeoutSeconds) {
      const key = `${flags & 3}:${path}`;
      const known = files.get(key);
      if (known !== undefined) {
        files.delete(key);
        files.set(key, known);
        known.usedAtMs = now();
        return known.file;
      }
      if (files.size >= OPEN_FILES_MAX) close(files.values().next().value!, timeoutSeconds);
      const file = chirp.open(path, flags, mode, timeoutSeconds);
      files.set(key, { key, file, usedAtMs: now() });
      return file;
    },
    close(path, timeoutSeconds) {
      let failure: unknown;
      for (const open of [...files.values()].filter(({ file }) => file.path === path)) {
        try {
          close(open, timeoutSeconds);
        } catch (error) {
          failure ??= error;
        }
      }
      if (failure !== undefined) throw failure;
    },
    closeIdle(timeoutSeconds) {
      for (const open of [...files.values()]) {
        if (now() - open.usedAtMs < IDLE_MS) break;
        close(open, timeoutSeconds);
      }
    },
  };
}
