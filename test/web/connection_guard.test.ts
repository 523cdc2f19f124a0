/** The guard of connections by itself, in this process: when it looks, and what it says when it cannot. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { startConnectionGuard, type GuardOptions } from "../../src/web/front/connection_guard.ts";
import { waitUntil } from "../sync/wait.ts";

setDefaultTimeout(60_000);

const options: Omit<GuardOptions, "port"> = {
  maxConnections: 16_384,
  maxPerClient: null,
  exempt: new Set(),
  requestMs: 12_000,
  mustDrip: false,
  onUnexpected: (error) => {
    throw error;
  },
};

function listen() {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("") });
  return { port: server.port!, [Symbol.asyncDispose]: () => server.stop(true) };
}

async function connect(port: number, count: number) {
  const socket = { data: () => undefined };
  const connecting = Array.from({ length: count }, () => Bun.connect({ hostname: "127.0.0.1", port, socket }));
  const sockets = await Promise.all(connecting);
  return { count, [Symbol.dispose]: () => sockets.forEach((one) => one.end()) };
}

test("a main thread that is busy with requests does not keep it from looking", async () => {
  await using listener = listen();
  const guard = startConnectionGuard({ ...options, port: listener.port });
  // A thousand connections are listed in eight turns, each of which waits for the work of others.
  const busy = setInterval(() => {
    const endsAt = performance.now() + 40;
    while (performance.now() < endsAt);
  }, 1);
  try {
    using many = await connect(listener.port, 1000);
    await waitUntil("it has looked", () => guard.counters.open === many.count, 15_000);
    using more = await connect(listener.port, 100);
    const startedAt = performance.now();
    await waitUntil("it has looked again", () => guard.counters.open === many.count + more.count, 30_000);
    expect(performance.now() - startedAt).toBeLessThan(8000);
  } finally {
    clearInterval(busy);
    guard.stop();
  }
});

test("what keeps it from looking is said once, and it goes on trying", async () => {
  await using listener = listen();
  const errors: string[] = [];
  let attempts = 0;
  let isBroken = true;
  class Broken extends Set<string> {
    override has(client: string): boolean {
      attempts++;
      if (isBroken) throw new Error("broken");
      return super.has(client);
    }
  }
  const onUnexpected = (error: unknown) => void errors.push((error as Error).message);
  const guard = startConnectionGuard({
    ...options,
    port: listener.port,
    maxPerClient: 1,
    exempt: new Broken(),
    onUnexpected,
  });
  try {
    using two = await connect(listener.port, 2);
    await waitUntil("it has tried three times", () => attempts === 3, 15_000);
    expect(errors).toEqual([
      "cannot look at the connections; until that is possible, nothing limits them (Error: broken)",
    ]);
    isBroken = false;
    await waitUntil("the limit holds again", () => guard.counters.cut.client_limit === two.count - 1, 15_000);
    expect(errors).toHaveLength(1);
  } finally {
    guard.stop();
  }
});
