import { expect, test } from "bun:test";
import { createOpenPaths } from "./open_paths.ts";

test("the last reader is known, and everybody who has a file open", () => {
  const paths = createOpenPaths<string>();
  expect(paths.readerOf("/a")).toBeUndefined();
  expect(paths.takeHolders("/a")).toEqual([]);
  paths.used("read", "/a", "first");
  paths.used("read", "/a", "second");
  paths.used("write", "/a", "third");
  paths.used("write", "/a", "second");
  paths.used("write", "/b", "first");
  expect(paths.readerOf("/a")).toBe("second");
  expect(paths.takeHolders("/a").toSorted()).toEqual(["second", "third"]);
  expect(paths.takeHolders("/a")).toEqual([]);
  expect(paths.readerOf("/a")).toBeUndefined();
  expect(paths.takeHolders("/b")).toEqual(["first"]);
});

test("what was used longest ago is forgotten, beyond 64 paths", () => {
  const paths = createOpenPaths<string>();
  for (let index = 0; index < 64; index++) paths.used("read", `/${index}`, "worker");
  paths.used("read", "/0", "worker");
  paths.used("read", "/one more", "worker");
  expect([paths.readerOf("/0"), paths.readerOf("/1"), paths.readerOf("/2")]).toEqual(["worker", undefined, "worker"]);
});
