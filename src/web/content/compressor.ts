/**
 * `--compress`: text compressed on the way, once for each content and coding, and kept. zlib works in threads of Bun's pool,
 * so that the event loop goes on meanwhile.
 */
import type { ContentCoding } from "../http/accept_encoding.ts";
import { isCompressible } from "../http/media_type.ts";
import type { Content } from "./content_cache.ts";

export interface Compressor {
  readonly counters: Readonly<CompressorCounters>;
  /** Whether a file of this type and size is worth the work at all. */
  isWorthwhile(mediaType: string, size: number): boolean;
  /** What is kept of the content with this hash: null when the content turned out not to become smaller, undefined when it was not tried lately. */
  peek(hash: string, coding: ContentCoding): Content | null | undefined;
  /** Null: to be sent as it is, since it does not become smaller, or too much is being compressed at the moment. */
  compress(content: Content, coding: ContentCoding): Promise<Content | null>;
}

export interface CompressorCounters {
  /** Contents compressed. */
  compressed: number;
  /** Sent as they are, since too much was being compressed at the moment. */
  skipped: number;
  /** Bytes kept. */
  bytes: number;
}

/** Below this, a coding saves less than a packet. */
const SMALLEST_BYTES = 256;
/** As much as is held in memory at all; half a second of one core at worst (4 MiB with br, 0.12 s). */
const LARGEST_BYTES = 4 * 1024 * 1024;
/** Contents being compressed at a time: more would only take the cores from the rest. */
const UNDERWAY_MAX = 4;
/** What saves less is not worth the client's work. */
const WORTHWHILE_SHARE = 0.9;
/** Also of those kept as "does not become smaller": about 200 bytes each. */
const ENTRIES_MAX = 50_000;

type Compress = (bytes: Uint8Array) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * Levels that cost about 10, 25 and 50 ms for a MiB and are within 10 % of the best. zlib is loaded for --compress only: it would
 * add a tenth to every start.
 */
function loadCompressors(): Readonly<Record<ContentCoding, Compress>> {
  const { brotliCompress, constants, gzip, zstdCompress } = process.getBuiltinModule("node:zlib");
  const { promisify } = process.getBuiltinModule("node:util");
  type WithOptions = (bytes: Uint8Array, options: object) => Promise<Uint8Array<ArrayBuffer>>;
  const brotli = promisify(brotliCompress) as WithOptions;
  const zstd = promisify(zstdCompress) as WithOptions;
  const gz = promisify(gzip) as WithOptions;
  return {
    br: (bytes) =>
      brotli(bytes, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 5,
          [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength,
        },
      }),
    zstd: (bytes) => zstd(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 6 } }),
    gzip: (bytes) => gz(bytes, { level: 6 }),
  };
}

/** Keeps at most `capacityBytes`; what was used longest ago goes first. */
export function createCompressor(capacityBytes: number): Compressor {
  const compressors = loadCompressors();
  const kept = new Map<string, Content | null>();
  const underway = new Map<string, Promise<Content | null>>();
  const counters: CompressorCounters = { compressed: 0, skipped: 0, bytes: 0 };

  function forget(key: string): void {
    counters.bytes -= kept.get(key)?.blob.size ?? 0;
    kept.delete(key);
  }

  function keep(key: string, result: Content | null): void {
    if (result !== null && result.blob.size > capacityBytes) return;
    kept.set(key, result);
    counters.bytes += result?.blob.size ?? 0;
    for (const oldest of kept.keys()) {
      if (counters.bytes <= capacityBytes && kept.size <= ENTRIES_MAX) break;
      forget(oldest);
    }
  }

  function peek(hash: string, coding: ContentCoding): Content | null | undefined {
    const key = keyOf(hash, coding);
    const result = kept.get(key);
    if (result === undefined) return undefined;
    kept.delete(key);
    kept.set(key, result);
    return result;
  }

  async function run({ blob }: Content, coding: ContentCoding): Promise<Content | null> {
    const bytes = await compressors[coding](await blob.bytes());
    counters.compressed++;
    if (bytes.byteLength > blob.size * WORTHWHILE_SHARE) return null;
    return { hash: new Bun.CryptoHasher("sha256").update(bytes).digest("base64url"), blob: new Blob([bytes]) };
  }

  return {
    counters,
    isWorthwhile: (mediaType, size) => size >= SMALLEST_BYTES && size <= LARGEST_BYTES && isCompressible(mediaType),
    peek,
    async compress(content, coding) {
      const known = peek(content.hash, coding);
      if (known !== undefined) return known;
      const key = keyOf(content.hash, coding);
      let job = underway.get(key);
      if (job === undefined) {
        if (underway.size >= UNDERWAY_MAX) {
          counters.skipped++;
          return null;
        }
        job = run(content, coding).finally(() => underway.delete(key));
        underway.set(key, job);
        keep(key, await job);
      }
      return await job;
    },
  };
}

function keyOf(hash: string, coding: ContentCoding): string {
  return `${coding} ${hash}`;
}
