import { describe, expect, test } from "bun:test";
import { createExpiringMap } from "./expiring_map.ts";

function createWorld(capacity = 100) {
  const clock = { time: 0 };
  const map = createExpiringMap<string>(
    capacity,
    (value) => value.length,
    () => clock.time,
  );
  return { clock, map };
}

describe("what is known", () => {
  test.each<[ttlMs: number, atMs: number, value: string | undefined]>([
    [100, 0, "v"],
    [100, 99, "v"],
    [100, 100, undefined],
    [0, 0, undefined],
    [-1, 0, undefined],
  ])("for %d ms, after %d ms: %p", (ttlMs, atMs, value) => {
    const { clock, map } = createWorld();
    map.set("k", "v", ttlMs);
    clock.time = atMs;
    expect(map.get("k")).toBe(value);
  });

  test("what has expired can still be compared with what is new", () => {
    const { clock, map } = createWorld();
    map.set("k", "v", 100);
    clock.time = 100;
    expect([map.get("k"), map.last("k")]).toEqual([undefined, "v"]);
    map.delete("k");
    expect(map.last("k")).toBeUndefined();
  });

  test.each<[what: string, change: (map: ReturnType<typeof createWorld>["map"]) => void]>([
    ["something else", (map) => map.set("k", "new", 100)],
    ["nothing any more", (map) => map.delete("k")],
    ["no more room for it", (map) => map.set("l", "x".repeat(100), 100)],
  ])("a lease ends when there is %s", (_, change) => {
    const { map } = createWorld();
    map.set("k", "v", 100);
    const lease = map.lease("k")!;
    expect(lease).toMatchObject({ value: "v", expiresAt: 100 });
    change(map);
    expect(lease.expiresAt).toBe(-Infinity);
  });

  test("a value without a time to live replaces one that has", () => {
    const { map } = createWorld();
    map.set("k", "old", 100);
    map.set("k", "new", 0);
    expect(map.get("k")).toBeUndefined();
  });

  test.each<[what: string, writes: string, kept: string]>([
    ["below the bound all stay", "aa bb cc", "aa bb cc"],
    ["above it the oldest goes", "aa bb cc dd", "bb cc dd"],
    ["as many as it takes", "aa bb cc ddddd", "ddddd"],
    ["a value above the bound alone is not kept", "aa bbbbbbb", ""],
    ["written again is new", "aa bb aa cc dd", "aa cc dd"],
  ])("%s", (_, writes, kept) => {
    const { map } = createWorld(6);
    // The first letter is the key, the length the weight.
    for (const value of writes.split(" ")) map.set(value[0]!, value, 100);
    expect(["a", "b", "c", "d"].flatMap((key) => map.get(key) ?? []).join(" ")).toBe(kept);
  });
});

describe("what is fetched", () => {
  /** A fetch that ends when told. */
  function pending() {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let count = 0;
    return { fetch: () => (count++, promise), resolve, reject, count: () => count };
  }

  test("is fetched once for all who ask meanwhile, and then known", async () => {
    const { map } = createWorld();
    const one = pending();
    let shared = 0;
    const asked = [1, 2, 3].map(async () => await map.getOrFetch("k", 100, one.fetch, () => shared++));
    one.resolve("v");
    expect(await Promise.all(asked)).toEqual(["v", "v", "v"]);
    expect(await map.getOrFetch("k", 100, one.fetch)).toBe("v");
    expect([one.count(), shared]).toEqual([1, 2]);
  });

  test.each<[ttlMs: number, afterMs: number, fetches: number]>([
    [1_000, 1_000, 1],
    [1_000, 1_001, 2],
    [0, 250, 1],
    [0, 251, 2],
  ])("with %d ms to live, who asks %d ms after the question makes it %d", async (ttlMs, afterMs, fetches) => {
    const { clock, map } = createWorld();
    const one = pending();
    const first = map.getOrFetch("k", ttlMs, one.fetch);
    clock.time = afterMs;
    const second = map.getOrFetch("k", ttlMs, one.fetch);
    one.resolve("v");
    expect([await first, await second, one.count()]).toEqual(["v", "v", fetches]);
  });

  test("is as old as its question", async () => {
    const { clock, map } = createWorld();
    const one = pending();
    const asked = map.getOrFetch("k", 100, one.fetch);
    clock.time = 60;
    one.resolve("v");
    await asked;
    clock.time = 99;
    expect(map.get("k")).toBe("v");
    clock.time = 100;
    expect(map.get("k")).toBeUndefined();
  });

  test("is not remembered when it fails; all who waited hear of it", async () => {
    const { map } = createWorld();
    const one = pending();
    const asked = [1, 2].map((_) => map.getOrFetch("k", 100, one.fetch));
    one.reject(new Error("no"));
    for (const promise of asked) expect(promise).rejects.toThrow("no");
    await Promise.allSettled(asked);
    expect(await map.getOrFetch("k", 100, async () => "v")).toBe("v");
  });

  test("and deleted meanwhile, is not remembered, and not given to who asks after", async () => {
    const { map } = createWorld();
    const [before, after] = [pending(), pending()];
    const first = map.getOrFetch("k", 100, before.fetch);
    map.delete("k");
    const second = map.getOrFetch("k", 100, after.fetch);
    before.resolve("old");
    expect(await first).toBe("old");
    expect(map.get("k")).toBeUndefined();
    after.resolve("new");
    expect(await second).toBe("new");
    expect(map.get("k")).toBe("new");
  });
});
