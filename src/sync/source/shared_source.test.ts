import { expect, test } from "bun:test";
import type { FileStat, Operation } from "../../protocol.ts";
import { createSharedSource } from "./shared_source.ts";
import type { Store } from "../store/store.ts";

const stat: FileStat = { mode: 0o100644, size: 10, mtime: 1, ctime: 1, inode: 1, links: 1 };

/** A store that notes what it is asked; files have as many bytes as are asked for. */
function sharedSource() {
  const asked: string[] = [];
  const listed: string[] = [];
  const store = {
    server: "test",
    rpcs: 0,
    call: async (operation: Operation) => {
      asked.push(operation.kind === "whoami" ? "whoami" : operation.path);
      await Promise.resolve();
      if (operation.kind === "read") return { bytes: null, length: operation.length, version: stat, digest: null };
      return null;
    },
    close: async () => {},
  } as unknown as Store;
  const list = async (directory: string) => {
    listed.push(directory);
    return await Promise.resolve([]);
  };
  const top = { directory: "/", entries: [] };
  return { asked, listed, shared: createSharedSource({ store, throttle: async () => {}, top, list }) };
}

test("what one target has read the others need not", async () => {
  const { asked, listed, shared } = sharedSource();
  const views = [shared.view(), shared.view(), shared.view()];
  for (const view of views) {
    await view.list("/d");
    await view.readWhole("/d", "/d/f", stat);
    await view.relist("/d");
    view.release("/d");
  }
  expect(asked).toEqual(["/d/f"]);
  expect(listed).toEqual(["/d", "/d"]);
});

test("a listing from before a read is no proof for that read", async () => {
  const { listed, shared } = sharedSource();
  const [first, second] = [shared.view(), shared.view()];
  await first.readWhole("/d", "/d/f", stat);
  await first.relist("/d");
  await second.readWhole("/d", "/d/g", stat);
  await second.relist("/d");
  expect(listed).toEqual(["/d", "/d"]);
});

test("a target that has ended, or is past a directory, is not kept anything for", async () => {
  const { asked, shared } = sharedSource();
  const [first, second] = [shared.view(), shared.view()];
  second.release("/d");
  await first.readWhole("/d", "/d/f", stat);
  await second.readWhole("/d", "/d/f", stat);
  expect(asked).toEqual(["/d/f", "/d/f"]);
  second.leave();
  await first.readWhole("/e", "/e/f", stat);
  await first.readWhole("/e", "/e/f", stat);
  expect(asked).toHaveLength(4);
});

test("a target that takes nothing holds the others up a moment, once", async () => {
  const { shared } = sharedSource();
  const fast = shared.view();
  shared.view();
  const chunk = 16 * 1024 * 1024;
  const began = performance.now();
  for (let index = 0; index < 40; index++) {
    await fast.readChunk("/d", "/d/large", { ...stat, size: chunk * 40 }, index * chunk, chunk);
  }
  const elapsed = performance.now() - began;
  expect(elapsed).toBeGreaterThan(500);
  expect(elapsed).toBeLessThan(3000);
});

test("a failure is told to those who wait for it and then asked for anew", async () => {
  const { shared } = sharedSource();
  const [first, second] = [shared.view(), shared.view()];
  let tries = 0;
  const load = async () => {
    tries++;
    await Promise.resolve();
    if (tries === 1) throw new Error("once");
    return tries;
  };
  const [a, b] = await Promise.allSettled([first.ask("/d", "k", load), second.ask("/d", "k", load)]);
  expect([a.status, b.status]).toEqual(["rejected", "rejected"]);
  expect(await first.ask("/d", "k", load)).toBe(2);
});
