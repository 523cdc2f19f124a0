/** A large file in pieces: the next ones are read while one is written, and what has arrived survives a break. */
import { parentPath } from "../../chirp/byte_path.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath } from "../../protocol.ts";
import { pause } from "../store/retrying_store.ts";
import { type FileCopy, finishStaged, modeOf, verifyOnServers } from "./file_copy.ts";
import type { Gathered } from "./staging.ts";
import { lstatOrNull } from "../store/store.ts";
import { longCall, sourcePath, type TargetRun } from "./target_run.ts";

/** The most that a server takes in one RPC, which costs it about 2 ms whatever it carries. */
const CHUNK_BYTES = 16 * 1024 * 1024;
/** Pieces read ahead of those being written. */
const READ_AHEAD = 1;
/** Pieces on their way to the target: while the server stores one it receives the next, over another connection. */
const WRITES_AT_A_TIME = 2;
/** So much of the end of what lies there from before must equal the source. */
const TAIL_BYTES = 1024 * 1024;

/** The staging path with the whole file, its time and mode set. */
export async function stageLargeFile(run: TargetRun, relative: BytePath, file: FileCopy): Promise<BytePath> {
  const path = sourcePath(run, relative);
  const { fresh, earlier } = run.staging.resumable(relative, file.source);
  let staging = fresh;
  try {
    const offset = earlier === null ? 0 : await trustedLength(run, path, file, withoutPiecesUnderWay(earlier));
    if (earlier !== null && offset > 0) staging = earlier.path;
    if (earlier !== null) run.staging.forget(offset > 0 ? fresh : earlier.path);
    await gather(run, path, file, staging, offset);
    return staging;
  } catch (error) {
    // After a break what has arrived is as good as before. A version that is no more, contents that arrived changed, a disk that is
    // full or fails: there is nothing to resume, or no room for it.
    const isBroken = !(error instanceof ChirpError) || error.blame === "server" || error.blame === "ours";
    if (!isBroken) await removeGathered(run, staging);
    throw error;
  }
}

/** Workers still have it open: its space is free, and its name another file's, only when they have closed it. */
async function removeGathered(run: TargetRun, staging: BytePath): Promise<void> {
  run.staging.forget(staging);
  for (const kind of ["close", "unlink"] as const) {
    try {
      await run.store.call({ kind, path: staging });
    } catch (error) {
      // Why there is nothing to keep is what is told; the end of the run removes it again.
      if (!(error instanceof ChirpError)) throw error;
    }
  }
}

/** Of the pieces that were under way together when an earlier run broke off, a later one may have arrived and an earlier one not. */
function withoutPiecesUnderWay({ path, size }: Gathered): Gathered {
  return { path, size: Math.max(0, size - WRITES_AT_A_TIME * CHUNK_BYTES) };
}

async function gather(run: TargetRun, path: BytePath, file: FileCopy, staging: BytePath, begin: number): Promise<void> {
  let offset = begin;
  let hash = run.options.verify && offset === 0 ? new Bun.CryptoHasher("sha1") : null;
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFrom(run, path, file, staging, offset, hash, (written) => (offset = written));
      await run.store.call({ kind: "close", path: staging });
      break;
    } catch (error) {
      const isBreak = error instanceof ChirpError && error.server === run.store.server && error.blame === "server";
      if (!isBreak || error.code === "ETIMEDOUT" || attempt >= run.options.retries || run.stop.aborted) throw error;
      await pause(1000 * 2 ** attempt, run.stop);
      // Pieces that are read again would be counted again.
      hash = null;
      // The server may have lost what it had acknowledged: what is there now counts.
      const there = await lstatOrNull(run.store, staging);
      offset = await trustedLength(run, path, file, { path: staging, size: Math.min(there?.size ?? 0, offset) });
      // What an earlier run has brought is not cut down to nothing: see resumable().
      if (offset === 0 && begin > 0) throw error;
    }
  }
  await verify(run, path, staging, file, hash);
  await finishStaged(run, staging, file);
}

/** Writes from `offset` to the end. `written` is told after every piece. */
async function writeFrom(
  run: TargetRun,
  path: BytePath,
  file: FileCopy,
  staging: BytePath,
  start: number,
  hash: Bun.CryptoHasher | null,
  written: (offset: number) => void,
): Promise<void> {
  const { source } = file;
  const directory = parentPath(path);
  const mode = modeOf(run, file);
  const ahead: Promise<SharedArrayBuffer>[] = [];
  let nextRead = start;
  const readAhead = () => {
    while (ahead.length <= READ_AHEAD && nextRead < source.size) {
      const length = Math.min(CHUNK_BYTES - (nextRead % CHUNK_BYTES), source.size - nextRead);
      const piece = run.source.readChunk(directory, path, source, nextRead, length);
      // Its failure is thrown when its turn comes; if that never comes, nobody waits for it.
      piece.catch(() => undefined);
      ahead.push(piece);
      nextRead += length;
    }
  };
  const underWay: { readonly done: Promise<null>; readonly end: number }[] = [];
  const awaitOldest = async () => {
    const [oldest] = underWay;
    if (oldest === undefined) return;
    await oldest.done;
    underWay.shift();
    written(oldest.end);
  };
  try {
    for (let offset = start; offset < source.size;) {
      // A run that is told to end finishes what it has in hand.
      if (run.lost.aborted) throw stopped(run, path);
      readAhead();
      const bytes = new Uint8Array(await ahead.shift()!);
      hash?.update(bytes);
      if (underWay.length === WRITES_AT_A_TIME) await awaitOldest();
      const done = run.store.call({ kind: "write", path: staging, offset, bytes, mode, truncate: offset === 0 });
      done.then(
        () => void (run.counts.bytes += bytes.length),
        // Thrown where its turn comes.
        () => undefined,
      );
      underWay.push({ done, end: offset + bytes.length });
      // Nothing may be written before the file has been cut to nothing.
      if (offset === 0) await done;
      offset += bytes.length;
    }
    while (underWay.length > 0) await awaitOldest();
  } finally {
    // What is still under way must not meet the next try.
    await Promise.allSettled(underWay.map(({ done }) => done));
  }
}

/** How much of what lies in staging can be kept: all up to a length where its end equals the source, else nothing. */
async function trustedLength(
  run: TargetRun,
  path: BytePath,
  { source }: FileCopy,
  gathered: Gathered,
): Promise<number> {
  const length = Math.min(gathered.size, source.size);
  if (length === 0) return 0;
  // A piece that was cut in its middle is written again.
  const offset = Math.max(0, length - TAIL_BYTES);
  const expected = await run.source.readChunk(parentPath(path), path, source, offset, length - offset);
  const buffer = new SharedArrayBuffer(length - offset);
  const found = await run.store.call({ kind: "read", path: gathered.path, offset, length: length - offset, buffer });
  await run.store.call({ kind: "close", path: gathered.path });
  const isEqual = found.length === buffer.byteLength && Buffer.from(buffer).equals(new Uint8Array(expected));
  return isEqual ? length : 0;
}

/** A streamed hash covers a copy made in one go; else the source server's own is taken. */
async function verify(
  run: TargetRun,
  path: BytePath,
  staging: BytePath,
  file: FileCopy,
  hash: Bun.CryptoHasher | null,
): Promise<void> {
  if (!run.options.verify) return;
  if (hash === null) return await verifyOnServers(run, path, staging, file.source.size);
  const found = await run.store.call(
    { kind: "hash", path: staging, algorithm: "sha1" },
    longCall(run, file.source.size),
  );
  if (found === hash.digest("hex")) return;
  throw new ChirpError({
    code: "EILSEQ",
    operation: "verify",
    path: staging,
    server: run.store.server,
    detail: `${file.source.size} bytes were sent`,
  });
}

function stopped(run: TargetRun, path: BytePath): ChirpError {
  return new ChirpError({
    code: "ECONNABORTED",
    operation: "copy",
    path,
    server: run.store.server,
    detail: "interrupted",
  });
}
