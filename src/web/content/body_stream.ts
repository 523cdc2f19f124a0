/**
 * A body too large to be held: read chunk by chunk, one ahead, and continued on another server when one fails.
 *
 * A body begun on one server may only go on from another that holds the same version: equal size and mtime, and equal chunks
 * from the last time on that the first server was asked whether its file is still the same; or equal size and all chunks
 * equal that were sent. Two versions are never spliced: when nobody can continue, the stream fails, and Bun resets the
 * connection.
 */
import { versionOf } from "../../chirp/file_stat.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, FileStat } from "../../protocol.ts";
import { ask, NoAnswerError } from "../../replicas/ask.ts";
import type { Member, Pool } from "../../replicas/pool.ts";
import type { TokenBucket } from "../../replicas/token_bucket.ts";
import { learnRefusal } from "./learn_refusal.ts";
import type { ReplicaView } from "./replica_view.ts";
import type { Trace } from "./trace.ts";

/** A piece of a body: bytes of ours (the framing of multipart), or bytes of the file. */
export type Piece = { readonly text: string } | { readonly start: number; readonly end: number };

export interface BodySource {
  readonly path: BytePath;
  /** The version that the headers speak of, and the server that has it. */
  readonly stat: FileStat;
  readonly member: Member;
}

export interface BodyStreamOptions {
  readonly pool: Pool;
  readonly hedges: TokenBucket;
  readonly viewOf: (member: Member) => ReplicaView;
  /** For one chunk, from any server. */
  readonly timeoutMs: number;
  /** Nothing goes out before all is there: the caller can begin again with another version. */
  readonly isBuffered: boolean;
  /** Told when a stream ends: all sent, the client gone, or nobody could continue. */
  readonly onEnd: (outcome: BodyOutcome) => void;
}

export interface BodyOutcome {
  readonly bytes: number;
  /** Null when all was sent or the client went away. */
  readonly error: Error | null;
}

interface SentChunk {
  readonly offset: number;
  readonly length: number;
  readonly digest: bigint;
}

/** An RPC costs 2 ms whatever it carries, so chunks grow; the first is small for the first byte's sake. */
const FIRST_CHUNK = 256 * 1024;
const LARGEST_CHUNK = 4 * 1024 * 1024;
const SMALLEST_CHUNK = 64 * 1024;
/** All streams together hold no more than this, two chunks each: with many of them, chunks are smaller. */
const STREAMS_BYTES = 256 * 1024 * 1024;
/** A server that delivers less is as good as hanging: another one is asked as well. */
const SLOWEST_BYTES_PER_MS = 10_000;
/** Servers that are restarted, one after the other, are away for about a second; a body waits for one for this long … */
const RESTART_MS = 2_000;
/** … asking again this often. */
const RETRY_MS = 100;
/** A file is asked once in so many bytes (one RPC more) whether it was changed in place meanwhile, and at its end. */
const CHECK_BYTES = 32 * 1024 * 1024;
/** Times on a server are whole seconds: a file this young may change without looking different. */
const YOUNG_SECONDS = 2;

let streams = 0;

/** Streams now open, in this process. */
export function openStreams(): number {
  return streams;
}

function chunkLimit(): number {
  return Math.max(SMALLEST_CHUNK, Math.min(LARGEST_CHUNK, Math.floor(STREAMS_BYTES / (2 * Math.max(1, streams)))));
}

/**
 * Reads the first chunk, so that a failure can still become an answer of its own (NoAnswerError), and gives the stream of
 * the whole body.
 */
export async function openBody(
  source: BodySource,
  pieces: readonly Piece[],
  trace: Trace,
  options: BodyStreamOptions,
): Promise<ReadableStream<Uint8Array>> {
  const reader = createChunkReader(source, trace, options);
  const chunks = readPieces(pieces, reader);
  streams++;
  let bytes = 0;
  let isOver = false;

  function end(error: Error | null): void {
    if (isOver) return;
    isOver = true;
    streams--;
    options.onEnd({ bytes, error });
  }

  const first = await chunks.next().catch((error: unknown) => {
    isOver = true;
    streams--;
    throw error;
  });
  let ahead = Promise.resolve(first);

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { value, done } = await ahead;
          if (isOver) return;
          if (done === true) {
            end(null);
            controller.close();
            return;
          }
          ahead = chunks.next();
          // Whoever pulls next hears of its failure.
          ahead.catch(() => undefined);
          bytes += value.byteLength;
          controller.enqueue(value);
        } catch (error) {
          end(error as Error);
          controller.error(error);
        }
      },
      cancel: () => end(null),
    },
    { highWaterMark: 0 },
  );
}

async function* readPieces(pieces: readonly Piece[], reader: ChunkReader): AsyncGenerator<Uint8Array, void> {
  let length = FIRST_CHUNK;
  const last = pieces.findLast((piece) => "start" in piece);
  for (const piece of pieces) {
    if ("text" in piece) {
      yield Buffer.from(piece.text, "latin1");
      continue;
    }
    for (let offset = piece.start; offset < piece.end;) {
      const size = Math.min(length, chunkLimit(), piece.end - offset);
      yield await reader.read(offset, size, piece === last && offset + size === piece.end);
      offset += size;
      length = Math.min(length * 2, LARGEST_CHUNK);
    }
  }
}

interface ChunkReader {
  /** Exactly these bytes, from whoever has the version. `isLast`: the version is checked once more before they go out. */
  read(offset: number, length: number, isLast: boolean): Promise<Uint8Array>;
}

function createChunkReader(source: BodySource, trace: Trace, options: BodyStreamOptions): ChunkReader {
  const { path } = source;
  const sent: SentChunk[] = [];
  const wasYoung = Date.now() / 1000 - Math.max(source.stat.mtime, source.stat.ctime) < YOUNG_SECONDS;
  let current = source.member;
  let version = source.stat;
  /** Of `sent`, from here on: the last chunk whose server had the version then, and those since. */
  let checked = 0;

  function changed(member: Member, detail: string): ChirpError {
    return new ChirpError({ code: "ESTALE", operation: "read", path, server: member.replica.server, detail });
  }

  async function readFrom(member: Member, offset: number, length: number, isLast: boolean, check: boolean) {
    const its = member === current ? version : await sameElsewhere(member);
    const reading = member.lane.call(
      { kind: "read", path, offset, length, version: versionOf(its), check, digest: "also" },
      { timeoutMs: options.timeoutMs, meter: trace },
    );
    const { bytes, digest } = await reading.catch((error: unknown) => {
      if (error instanceof ChirpError) learnRefusal(options.viewOf(member), path, error);
      throw error;
    });
    if (bytes === null || bytes.byteLength !== length) throw changed(member, "it became shorter");
    if (isLast && wasYoung) await compare(member, its, sent);
    return { bytes, digest: digest!, its };
  }

  /** The file on another server, if it is the same one as far as it was sent. */
  async function sameElsewhere(member: Member): Promise<FileStat> {
    const lookup = await options.viewOf(member).lookup(path, trace);
    const isSameSize = lookup.kind === "file" && lookup.stat.size === source.stat.size;
    const hasSameTime = isSameSize && lookup.stat.mtime === source.stat.mtime;
    if (!isSameSize || (sent.length === 0 && !hasSameTime)) {
      const other = changed(member, "another version");
      // With nothing sent, not even headers, its version is as good as the one that does not come: nobody waits for that.
      throw sent.length === 0 || options.isBuffered ? new NoAnswerError([other]) : other;
    }
    const { stat } = lookup;
    await compare(member, stat, hasSameTime && !wasYoung ? sent.slice(checked) : sent);
    return stat;
  }

  async function compare(member: Member, its: FileStat, chunks: readonly SentChunk[]): Promise<void> {
    for (const { offset, length, digest } of chunks) {
      const answer = await member.lane.call(
        { kind: "read", path, offset, length, version: versionOf(its), digest: "only" },
        { timeoutMs: options.timeoutMs, meter: trace },
      );
      if (answer.digest !== digest) throw changed(member, "other contents");
    }
  }

  /** From anybody; asks again while a server that was lost may be back soon: a reset cannot be mended any more, a 503 can. */
  async function readPatiently(attempt: (member: Member) => ReturnType<typeof readFrom>, length: number) {
    const giveUpAt = performance.now() + (sent.length > 0 ? RESTART_MS : 0);
    while (true) {
      try {
        return await ask(options.pool, attempt, {
          first: current,
          timeoutMs: options.timeoutMs,
          extraMs: length / SLOWEST_BYTES_PER_MS,
          hedges: options.hedges,
        });
      } catch (error) {
        const isHope = error instanceof NoAnswerError && error.failures.some(({ blame }) => blame === "server");
        if (!isHope || performance.now() > giveUpAt) throw error;
        await Bun.sleep(RETRY_MS);
      }
    }
  }

  return {
    async read(offset, length, isLast) {
      const check = isLast || sent.slice(checked).reduce((sum, chunk) => sum + chunk.length, length) > CHECK_BYTES;
      const { value, member, isHedged } = await readPatiently(
        (candidate) => readFrom(candidate, offset, length, isLast, check),
        length,
      );
      if (member !== current) trace.switches++;
      trace.hedged ||= isHedged;
      current = member;
      version = value.its;
      if (check) checked = sent.length;
      sent.push({ offset, length, digest: value.digest });
      return new Uint8Array(value.bytes);
    },
  };
}
