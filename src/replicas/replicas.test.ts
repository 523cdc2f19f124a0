import { describe, expect, test } from "bun:test";
import { createReplicas, type Replica, type Replicas, type ReplicaState, type ServerFailure } from "./replicas.ts";

/** Replicas with a clock that is set by hand, and no jitter. */
function createWorld(servers: readonly string[] = ["a", "b", "c"]) {
  const clock = { time: 1_000_000, chance: 0.5, now: () => clock.time, random: () => clock.chance };
  const replicas = createReplicas(servers, clock);
  const [a, b, c] = replicas.all as [Replica, Replica, Replica];
  const makeWell = (replica: Replica) => {
    if (replica.state === "ejected") replicas.beginTrial(replica);
    replicas.recovered(replica);
  };
  return { clock, replicas, a, b, c, makeWell };
}

const failure = (code: ServerFailure["code"], path = ""): ServerFailure => ({
  code,
  message: `it failed: ${code}`,
  path,
});

const ejectionMs = ({ clock, a }: ReturnType<typeof createWorld>) => a.notBefore - clock.time;

describe("one replica's state", () => {
  type Event = (replicas: Replicas, replica: Replica, now: number) => void;
  const events: Readonly<Record<string, Event>> = {
    suspect: (replicas, replica) => replicas.suspect(replica),
    heard: (replicas, replica) => replicas.heard(replica),
    refused: (replicas, replica, now) => replicas.failed(replica, failure("ECONNREFUSED", "/x"), now),
    "timed out": (replicas, replica, now) => replicas.failed(replica, failure("ETIMEDOUT", "/x"), now),
    lost: (replicas, replica) => replicas.lost(replica, "ECONNRESET", "connection lost"),
    beginTrial: (replicas, replica) => replicas.beginTrial(replica),
    recovered: (replicas, replica) => replicas.recovered(replica),
  };

  test.each<[events: string, ReplicaState]>([
    ["", "trial"],
    ["recovered", "well"],
    ["suspect", "trial"],
    ["heard", "trial"],
    ["refused", "ejected"],
    ["lost", "ejected"],
    ["recovered, suspect", "suspect"],
    ["recovered, suspect, heard", "well"],
    ["recovered, suspect, recovered", "suspect"],
    ["recovered, suspect, lost", "ejected"],
    ["recovered, refused", "ejected"],
    ["recovered, refused, heard", "ejected"],
    ["recovered, refused, recovered", "ejected"],
    ["recovered, refused, beginTrial", "trial"],
    ["recovered, refused, beginTrial, recovered", "well"],
    ["recovered, refused, beginTrial, lost", "ejected"],
    ["recovered, timed out", "trial"],
    ["recovered, timed out, recovered", "well"],
    ["recovered, timed out, heard", "trial"],
    ["recovered, timed out, refused", "ejected"],
    ["recovered, timed out, recovered, timed out, recovered, timed out", "trial"],
  ])("after %p is %p", (names, state) => {
    const { clock, replicas, a } = createWorld();
    for (const name of names === "" ? [] : names.split(", ")) {
      events[name]!(replicas, a, clock.now());
      clock.time += 10;
    }
    expect(a.state).toBe(state);
  });
});

describe("choice", () => {
  test.each<[states: readonly ReplicaState[], chosen: string]>([
    [["well", "well", "well"], "abc"],
    [["well", "suspect", "well"], "ac"],
    [["ejected", "trial", "well"], "c"],
    [["ejected", "trial", "suspect"], "bc"],
    [["ejected", "ejected", "trial"], "c"],
    [["ejected", "ejected", "ejected"], "abc"],
  ])("of %j is one of %p", (states, chosen) => {
    const { clock, replicas, makeWell } = createWorld();
    for (const [index, replica] of replicas.all.entries()) {
      const state = states[index];
      if (state !== "trial") makeWell(replica);
      if (state === "suspect") replicas.suspect(replica);
      if (state === "ejected") replicas.lost(replica, "ECONNRESET", "");
    }
    expect(replicas.all.map(({ state }) => state)).toEqual([...states]);
    expect(replicas.isReady).toBe(states.includes("well"));
    const seen = new Set<string>();
    for (clock.chance = 0; clock.chance < 1; clock.chance += 0.05) seen.add(replicas.choose()!.server);
    expect([...seen].sort().join("")).toBe(chosen);
  });

  test("leaves out the excluded, down to nobody", () => {
    const { replicas, a, b, c, makeWell } = createWorld();
    [a, b].forEach(makeWell);
    expect(replicas.choose(new Set([a]))).toBe(b);
    // Nobody else who is well: then one who may be.
    expect(replicas.choose(new Set([a, b]))).toBe(c);
    expect(replicas.choose(new Set([a, b, c]))).toBeUndefined();
  });
});

describe("ejection", () => {
  test("lasts longer each time for a server that answers and fails", () => {
    const world = createWorld();
    const { clock, replicas, a, makeWell } = world;
    makeWell(a);
    const lengths: number[] = [];
    for (let round = 0; round < 7; round++) {
      clock.time += 100;
      replicas.failed(a, failure("EKEYREJECTED"), clock.now());
      lengths.push(ejectionMs(world));
      clock.time = a.notBefore;
      makeWell(a);
    }
    expect(lengths).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(a.ejections).toBe(7);
    expect(a.failures).toEqual({ EKEYREJECTED: 7 });
  });

  test("does not grow for a server that was gone, whether refused, lost, or silent", () => {
    const world = createWorld();
    const { clock, replicas, a, makeWell } = world;
    makeWell(a);
    for (const lose of [
      () => replicas.failed(a, failure("ECONNREFUSED", "/x"), clock.now()),
      () => replicas.lost(a, "ECONNRESET", ""),
      () => replicas.lost(a, "ETIMEDOUT", ""),
      () => replicas.lost(a, "ETIMEDOUT", ""),
    ]) {
      clock.time += 100;
      lose();
      expect(ejectionMs(world)).toBe(1_000);
      clock.time = a.notBefore;
      makeWell(a);
    }
  });

  test("is short again for a server that was well for long", () => {
    const world = createWorld();
    const { clock, replicas, a, makeWell } = world;
    for (const restMs of [0, 9_000, 11_000]) {
      makeWell(a);
      clock.time += restMs;
      replicas.failed(a, failure("EPROTO"), clock.now());
      expect(ejectionMs(world)).toBe(restMs === 9_000 ? 2_000 : 1_000);
    }
  });

  test("is spread by a fifth, so that not all come back at once", () => {
    for (const [chance, length] of [
      [0, 800],
      [0.5, 1_000],
      [1, 1_200],
    ] as const) {
      const world = createWorld();
      world.clock.chance = chance;
      world.replicas.lost(world.a, "ECONNRESET", "");
      expect(Math.round(ejectionMs(world))).toBe(length);
    }
  });

  test("does not begin anew with what was under way before", () => {
    const world = createWorld();
    const { clock, replicas, a, makeWell } = world;
    makeWell(a);
    const begun = clock.time;
    clock.time += 3_000;
    replicas.lost(a, "ETIMEDOUT", "silent");
    clock.time = a.notBefore;
    replicas.failed(a, failure("ECONNRESET"), begun);
    expect(ejectionMs(world)).toBe(0);
    // A call that hung since before the trial is given up by it: the server is not to blame again.
    replicas.beginTrial(a);
    replicas.failed(a, failure("ETIMEDOUT", "/x"), begun);
    expect(a.state).toBe("trial");
    replicas.recovered(a);
    replicas.failed(a, failure("ECONNREFUSED", "/x"), begun);
    expect(a.state).toBe("well");
    expect(a.failures).toEqual({ ETIMEDOUT: 2, ECONNRESET: 1, ECONNREFUSED: 1 });
    replicas.failed(a, failure("ECONNREFUSED", "/x"), clock.now());
    expect(a.state).toBe("ejected");
  });
});

describe("a call that timed out or was reset", () => {
  test.each<[what: string, second: ServerFailure, afterMs: number, ReplicaState]>([
    ["twice for one path leaves a trial", failure("ETIMEDOUT", "/x"), 5_000, "trial"],
    ["in two ways for one path leaves a trial", failure("ECONNRESET", "/x"), 5_000, "trial"],
    ["for two paths within half a minute ejects", failure("ETIMEDOUT", "/y"), 5_000, "ejected"],
    ["for two paths in different minutes leaves a trial", failure("ETIMEDOUT", "/y"), 40_000, "trial"],
    ["and then fails its trial is ejected", failure("ETIMEDOUT"), 5_000, "ejected"],
  ])("%s", (_, second, afterMs, state) => {
    const { clock, replicas, a, makeWell } = createWorld();
    makeWell(a);
    replicas.failed(a, failure("ETIMEDOUT", "/x"), clock.now());
    expect(a.state).toBe("trial");
    makeWell(a);
    clock.time += afterMs;
    replicas.failed(a, second, clock.now());
    expect(a.state).toBe(state);
  });

  test("a thousand times for one path never ejects", () => {
    const { clock, replicas, a, makeWell } = createWorld();
    for (let n = 0; n < 1_000; n++) {
      makeWell(a);
      clock.time += n * 7;
      replicas.failed(a, failure(n % 2 ? "ECONNRESET" : "ETIMEDOUT", "/strange"), clock.now());
    }
    expect(a.ejections).toBe(0);
  });
});

test("a new list keeps what is known of servers in both", () => {
  const { replicas, a, c, makeWell } = createWorld();
  makeWell(a);
  replicas.lost(c, "ECONNRESET", "gone");
  replicas.update(["c", "d", "a"]);
  expect(replicas.all.map(({ server, state }) => `${server} ${state}`)).toEqual(["c ejected", "d trial", "a well"]);
  expect(replicas.all[0]).toBe(c);
  expect(replicas.all[0]!.lastFailure).toEqual({ code: "ECONNRESET", at: 1_000_000, message: "gone" });
  replicas.update([]);
  expect(replicas.choose()).toBeUndefined();
  expect(replicas.isReady).toBe(false);
});
