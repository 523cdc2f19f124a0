import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "bun:test";
import { createCompressor } from "./compressor.ts";
import type { Content } from "./content_cache.ts";

function contentOf(text: string): Content {
  return { hash: String(Bun.hash(text)), blob: new Blob([text]) };
}

/** Text of this many bytes that becomes some five times smaller. */
function proseOf(bytes: number, seed = 1): string {
  let state = seed;
  const words = Array.from({ length: Math.ceil(bytes / 6) }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return `w${state % 10_000} `;
  });
  return words.join("").slice(0, bytes);
}

test.each([
  ["text/html; charset=utf-8", true],
  ["text/plain", true],
  ["application/javascript; charset=utf-8", true],
  ["application/manifest+json", true],
  ["image/svg+xml", true],
  ["font/ttf", true],
  ["application/wasm", true],
  ["image/png", false],
  ["video/mp4", false],
  ["font/woff2", false],
  ["application/gzip", false],
  ["application/octet-stream", false],
])("%s is worthwhile: %p", (mediaType, isWorthwhile) => {
  expect(createCompressor(1000).isWorthwhile(mediaType, 1000)).toBe(isWorthwhile);
});

test.each([
  [0, false],
  [255, false],
  [256, true],
  [4 * 1024 * 1024, true],
  [4 * 1024 * 1024 + 1, false],
])("%d bytes are worthwhile: %p", (size, isWorthwhile) => {
  expect(createCompressor(1000).isWorthwhile("text/css", size)).toBe(isWorthwhile);
});

describe("compress", () => {
  const decoders = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync } as const;

  test.each([["br"], ["zstd"], ["gzip"]] as const)(
    "%s: the same text, smaller, with a hash of its own, kept",
    async (coding) => {
      const compressor = createCompressor(1_000_000);
      const text = proseOf(50_000);
      const content = contentOf(text);
      expect(compressor.peek(content.hash, coding)).toBeUndefined();
      const smaller = (await compressor.compress(content, coding))!;
      expect(decoders[coding](await smaller.blob.bytes()).toString()).toBe(text);
      expect(smaller.hash).not.toBe(content.hash);
      expect(compressor.peek(content.hash, coding)).toBe(smaller);
      expect(compressor.counters).toEqual({ compressed: 1, skipped: 0, bytes: smaller.blob.size });
    },
  );

  test("what does not become smaller is remembered as such", async () => {
    const compressor = createCompressor(1_000_000);
    const bytes = crypto.getRandomValues(new Uint8Array(10_000));
    const content: Content = { hash: "random", blob: new Blob([bytes]) };
    expect(await compressor.compress(content, "br")).toBeNull();
    expect(compressor.peek("random", "br")).toBeNull();
    expect(compressor.counters).toEqual({ compressed: 1, skipped: 0, bytes: 0 });
  });

  test("who asks for the same at the same time shares the work; beyond four at a time it is left", async () => {
    const compressor = createCompressor(1_000_000);
    const contents = Array.from({ length: 5 }, (_, index) => contentOf(proseOf(20_000, index + 1)));
    const first = contents.slice(0, 4);
    const [results, again, beyond] = await Promise.all([
      Promise.all(first.map(async (content) => await compressor.compress(content, "br"))),
      Promise.all(first.map(async (content) => await compressor.compress(content, "br"))),
      compressor.compress(contents[4]!, "br"),
    ]);
    expect(again).toEqual(results);
    expect(beyond).toBeNull();
    expect(compressor.counters).toMatchObject({ compressed: 4, skipped: 1 });
    expect(await compressor.compress(contents[4]!, "br")).not.toBeNull();
  });

  test("keeps no more than its capacity, and forgets first what was used longest ago", async () => {
    const compressor = createCompressor(30_000);
    const contents = Array.from({ length: 8 }, (_, index) => contentOf(proseOf(20_000, index + 1)));
    for (const content of contents) {
      await compressor.compress(content, "gzip");
      compressor.peek(contents[0]!.hash, "gzip");
      expect(compressor.counters.bytes).toBeLessThanOrEqual(30_000);
    }
    expect(compressor.peek(contents[0]!.hash, "gzip")).toBeDefined();
    expect(compressor.peek(contents[1]!.hash, "gzip")).toBeUndefined();
    expect(compressor.peek(contents.at(-1)!.hash, "gzip")).toBeDefined();
  });

  test("the event loop goes on meanwhile", async () => {
    const compressor = createCompressor(10_000_000);
    const content = contentOf(proseOf(16_000_000));
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 1);
    await compressor.compress(content, "br");
    clearInterval(ticking);
    // Half a second of work, on a busy machine too: on this thread there would be one or two, before and after.
    expect(ticks).toBeGreaterThan(5);
  });
});
