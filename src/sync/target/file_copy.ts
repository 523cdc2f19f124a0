/** One file on its way from source to target. */
import { parentPath } from "../../chirp/byte_path.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, FileStat } from "../../protocol.ts";
import { isAtSource, longCall, type TargetRun } from "./target_run.ts";

/** A file to be copied. */
export interface FileCopy {
  readonly name: BytePath;
  readonly source: FileStat;
  readonly target: FileStat | null;
}

/** What a new file gets: its source's mode; a replaced one keeps its own unless --perms is given. */
export function modeOf({ options }: TargetRun, { source, target }: FileCopy): number {
  return (options.perms || target === null ? source.mode : target.mode) & 0o777;
}

/** Time and mode of a staged file that was not written by "store". */
export async function finishStaged(run: TargetRun, staging: BytePath, file: FileCopy): Promise<void> {
  if (run.options.perms) await run.store.call({ kind: "chmod", path: staging, mode: modeOf(run, file) });
  if (run.options.times) await run.store.call({ kind: "utime", path: staging, mtime: file.source.mtime });
}

/** Both servers' hashes of source and staged file; EILSEQ when they differ. */
export async function verifyOnServers(run: TargetRun, path: BytePath, staging: BytePath, bytes: number): Promise<void> {
  const patience = longCall(run, bytes);
  const [there, here] = await Promise.all([
    run.source.ask(parentPath(path), `sha1 ${path}`, (store) =>
      store.call({ kind: "hash", path, algorithm: "sha1" }, patience),
    ),
    run.store.call({ kind: "hash", path: staging, algorithm: "sha1" }, patience),
  ]);
  if (there !== here) {
    throw new ChirpError({ code: "EILSEQ", operation: "verify", path: staging, server: run.store.server });
  }
}

/** Whether a failed copy says only that the source is no longer what was listed. */
export function isSourceChange(run: TargetRun, error: ChirpError): boolean {
  if (!isAtSource(run, error)) return false;
  return error.code === "ESTALE" || error.code === "ENOENT" || error.code === "ENOTDIR";
}
