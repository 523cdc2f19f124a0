import { describe, expect, test } from "bun:test";
import { createConnectionPolicy, type Connection, type ConnectionLimits, type Cut } from "./connection_policy.ts";

const limits: ConnectionLimits = {
  requestMs: 12_000,
  mustDrip: false,
  connections: 1000,
  perClient: Infinity,
  exempt: new Set(),
};

function connection(cookie: number, changes: Partial<Connection> = {}): Connection {
  const rest = { descriptor: cookie, client: "10.0.0.1", clientPort: 40_000 + cookie, hasUnsent: false };
  return { cookie, ...rest, receivedMs: 500, sentMs: 400, ...changes };
}

/** What is ended when it is looked once a second at one connection, by the second. */
function cutAt(
  at: (second: number) => Partial<Connection>,
  changes: Partial<ConnectionLimits> = {},
  isAnswering = false,
) {
  const look = createConnectionPolicy({ ...limits, ...changes });
  for (let second = 1; second <= 60; second++) {
    const cuts = look([connection(1, at(second))], second * 1000, () => isAnswering);
    if (cuts.length > 0) return { second, reason: cuts[0]!.reason };
  }
  return null;
}

describe("a request that does not become whole", () => {
  // A response left at second 0; then a byte each second, or one at second 1.
  const drip = (second: number) => ({ receivedMs: 10, sentMs: second * 1000 });
  const silence = (second: number) => ({ receivedMs: second * 1000 - 900, sentMs: second * 1000 });

  test("is ended, dripping or silent", () => {
    expect(cutAt(drip)).toEqual({ second: 13, reason: "slow_request" });
    expect(cutAt(silence)).toEqual({ second: 13, reason: "slow_request" });
  });
  test("with HTTP/2 only while it drips", () => {
    expect(cutAt(drip, { mustDrip: true })).toEqual({ second: 14, reason: "slow_request" });
    expect(cutAt(silence, { mustDrip: true })).toBeNull();
  });
  test.each<[name: string, at: (second: number) => Partial<Connection>]>([
    ["idle: our answer was the last", (second) => ({ receivedMs: second * 1000, sentMs: second * 1000 })],
    ["never a byte from either side", (second) => ({ receivedMs: second * 1000, sentMs: second * 1000 })],
    ["a request waits whenever we look, each another one", () => ({ receivedMs: 1, sentMs: 30 })],
    ["the client takes a response slowly", (second) => ({ receivedMs: 1, sentMs: second * 1000, hasUnsent: true })],
    ["an answer every ten seconds", (second) => ({ receivedMs: 1, sentMs: (second % 10) * 1000 + 2 })],
  ])("is none: %s", (_name, at) => expect(cutAt(at)).toBeNull());

  test("is none: it is whole, and being answered", () => expect(cutAt(drip, {}, true)).toBeNull());

  test("is none with HTTP/2: a request that has just come, after a rest that began with something unanswered", () => {
    const atRest = (second: number) => ({ receivedMs: second * 1000 - 900, sentMs: second * 1000 });
    const justCame = (second: number) => ({ receivedMs: 1, sentMs: second * 1000 });
    const at = (second: number) => (second === 30 ? justCame(second) : second < 30 ? atRest(second) : { sentMs: 900 });
    expect(cutAt(at, { mustDrip: true })).toBeNull();
    // Not answered by the next look either, it is none.
    const half = (second: number) =>
      second < 30 ? atRest(second) : { receivedMs: (second - 30) * 1000 + 1, sentMs: second * 1000 };
    expect(cutAt(half, { mustDrip: true })).toEqual({ second: 31, reason: "slow_request" });
  });

  test("time that we slept through does not count", () => {
    const look = createConnectionPolicy(limits);
    look([connection(1, { receivedMs: 1, sentMs: 100 })], 1000, () => false);
    const afterSleep = [connection(1, { receivedMs: 3_600_000, sentMs: 3_600_100 })];
    expect(look(afterSleep, 3_601_000, () => false)).toEqual([]);
  });
});

describe("too many connections", () => {
  const cookies = (cuts: readonly Cut[]) => cuts.map((cut) => cut.connection.cookie);
  const rested = (cookie: number, ms: number) => connection(cookie, { receivedMs: ms, sentMs: ms });
  const busy = (cookie: number) => connection(cookie, { hasUnsent: true });

  test("those that rest longest go first, and only as many as needed", () => {
    const look = createConnectionPolicy({ ...limits, connections: 3 });
    const all = [rested(1, 100), rested(2, 9000), busy(3), rested(4, 5000), busy(5)];
    const cuts = look(all, 0, () => false);
    expect(cookies(cuts)).toEqual([2, 4]);
    expect(cuts.map(({ reason }) => reason)).toEqual(["limit", "limit"]);
  });
  test("then half a request, then who came last", () => {
    const look = createConnectionPolicy({ ...limits, connections: 2 });
    look([busy(1)], 0, () => false);
    look([busy(1), busy(2)], 1000, () => false);
    const half = connection(4, { receivedMs: 1, sentMs: 50 });
    expect(cookies(look([busy(1), busy(2), busy(3), half], 2000, () => false))).toEqual([4, 3]);
  });
  test("a request being answered is no idle connection", () => {
    const look = createConnectionPolicy({ ...limits, connections: 1 });
    const waiting = connection(1, { receivedMs: 8000, sentMs: 9000 });
    expect(cookies(look([waiting, rested(2, 10)], 0, (port) => port === waiting.clientPort))).toEqual([2]);
  });
  test("of one client: the others and our proxies keep theirs", () => {
    const look = createConnectionPolicy({ ...limits, perClient: 1, exempt: new Set(["10.0.0.9"]) });
    const of = (client: string, cookie: number) => connection(cookie, { client });
    const all = [of("10.0.0.1", 1), of("10.0.0.2", 2), of("10.0.0.2", 3), of("10.0.0.9", 4), of("10.0.0.9", 5)];
    const cuts = look(all, 0, () => false);
    expect(cuts.map(({ connection: { client }, reason }) => [client, reason])).toEqual([["10.0.0.2", "client_limit"]]);
  });
  test("what a client had too many of does not count against the limit of all", () => {
    const look = createConnectionPolicy({ ...limits, perClient: 1, connections: 2 });
    const all = [connection(1), connection(2), connection(3, { client: "10.0.0.2" })];
    expect(look(all, 0, () => false)).toHaveLength(1);
  });
});
