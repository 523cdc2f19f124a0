/** The contents of one file of the source, brought to a path in the target's staging place. */
import { ChirpError } from "../../errors.ts";
import type { BytePath, FileStat } from "../../protocol.ts";
import { parentPath } from "../../chirp/byte_path.ts";
import { type FileCopy, finishStaged, modeOf, verifyOnServers } from "./file_copy.ts";
import { stageLargeFile } from "./stage_large_file.ts";
import { longCall, sourcePath, type TargetRun } from "./target_run.ts";

/** Files up to this size travel in one piece: one RPC to read, one to write. */
export const SMALL_FILE_BYTES = 16 * 1024 * 1024;

/** Whether a file travels in pieces: of such only a few may be in hand at a time. */
export function isInPieces(run: TargetRun, { size }: FileStat): boolean {
  return size > SMALL_FILE_BYTES && !isServerSide(run);
}

/** A file whose contents lie in staging, with their time and mode set. */
export interface StagedFile {
  readonly staging: BytePath;
  /**
   * A connection broke while it was sent, and it was sent once more. A server that notices late that the first one is gone removes what
   * came over it, by its name, whatever lies there by then.
   */
  readonly wasRepeated: boolean;
}

/**
 * Brings the contents to staging, with their time and mode set. A small file goes to newPath(); a large one to a path of
 * its own that a later run finds again. Fails with ESTALE when the source is no longer the version listed.
 */
export async function stageFile(
  run: TargetRun,
  relative: BytePath,
  file: FileCopy,
  newPath: () => BytePath,
): Promise<StagedFile> {
  const { source } = file;
  if (isServerSide(run)) return await stageServerSide(run, relative, file, newPath());
  if (isInPieces(run, source)) return { staging: await stageLargeFile(run, relative, file), wasRepeated: false };
  const staging = newPath();
  const path = sourcePath(run, relative);
  const buffer = await run.source.readWhole(parentPath(path), path, source);
  const bytes = new Uint8Array(buffer);
  const { perms, times, verify } = run.options;
  const meter = { rpcs: 0 };
  await run.store.call(
    {
      kind: "store",
      staging,
      path: staging,
      rename: false,
      bytes,
      mode: modeOf(run, file),
      chmod: perms,
      mtime: times ? source.mtime : null,
      hash: verify ? { algorithm: "sha1", hex: new Bun.CryptoHasher("sha1").update(bytes).digest("hex") } : null,
    },
    { meter },
  );
  run.counts.bytes += source.size;
  return { staging, wasRepeated: meter.rpcs > 1 + Number(perms) + Number(times) + Number(verify) };
}

function isServerSide({ options, address }: TargetRun): boolean {
  return options.serverSide && address !== null;
}

/** The source server sends the file itself; it loses the time on the way, and tells nothing of a change meanwhile. */
async function stageServerSide(
  run: TargetRun,
  relative: BytePath,
  file: FileCopy,
  staging: BytePath,
): Promise<StagedFile> {
  const host = run.address ?? "";
  const path = sourcePath(run, relative);
  const meter = { rpcs: 0 };
  const patience = longCall(run, file.source.size);
  await run.sourceStore.call({ kind: "thirdput", path, host, newPath: staging }, { ...patience, meter });
  const { size } = await run.store.call({ kind: "lstat", path: staging });
  if (size !== file.source.size) {
    throw new ChirpError({ code: "ESTALE", operation: "thirdput", path, server: run.sourceStore.server });
  }
  if (run.options.verify) await verifyOnServers(run, path, staging, size);
  await finishStaged(run, staging, file);
  run.counts.bytes += size;
  return { staging, wasRepeated: meter.rpcs > 1 };
}
