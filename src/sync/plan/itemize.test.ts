import { expect, test } from "bun:test";
import type { FileStat } from "../../protocol.ts";
import { describeAction } from "./itemize.ts";
import type { Action } from "./plan.ts";

const file = (size: number, mtime: number): FileStat => ({ mode: 0o100644, size, mtime, ctime: 1, inode: 1, links: 1 });
const directory: FileStat = { ...file(1, 1), mode: 0o040755 };
const link: FileStat = { ...file(1, 1), mode: 0o120777 };
const name = "x";
const kept = { times: true, perms: false, checksum: false };

/** The words of rsync 3 for the same changes. */
test.each<[Action, string | null]>([
  [{ kind: "copy", name, source: file(1, 1), target: null, reason: "new" }, ">f+++++++++"],
  [{ kind: "copy", name, source: file(2, 2), target: file(1, 1), reason: "size" }, ">f.st......"],
  [{ kind: "copy", name, source: file(1, 2), target: file(1, 1), reason: "time" }, ">f..t......"],
  [{ kind: "copy", name, source: file(2, 1), target: file(1, 1), reason: "size" }, ">f.s......."],
  [{ kind: "copy", name, source: file(1, 1), target: file(1, 1), reason: "contents" }, ">fc........"],
  [{ kind: "copy", name, source: file(1, 1), target: link, reason: "type" }, ">f+++++++++"],
  [{ kind: "link", name, source: link, target: null, reason: "new" }, "cL+++++++++"],
  [{ kind: "link", name, source: link, target: link, reason: "contents" }, "cLc........"],
  [{ kind: "directory", name, source: directory, target: null }, "cd+++++++++"],
  [{ kind: "directory", name, source: directory, target: directory }, null],
  [{ kind: "directory", name, source: { ...directory, mtime: 2 }, target: directory }, ".d..t......"],
  [{ kind: "directory", name, source: directory, target: link }, "cd+++++++++"],
  [{ kind: "attributes", name, source: file(1, 2), target: file(1, 1), time: true, mode: false }, ".f..t......"],
  [{ kind: "attributes", name, source: file(1, 2), target: file(1, 1), time: false, mode: true }, ".f...p....."],
  [{ kind: "extraneous", name, target: file(1, 1) }, "*deleting  "],
  [{ kind: "unchanged", name, source: file(1, 1), target: file(1, 1) }, null],
  [{ kind: "skip", name, reason: "special" }, null],
])("%o", (action, expected) => {
  expect(describeAction(action, kept)?.itemized ?? null).toBe(expected);
});

test("a time that is not kept is shown as T", () => {
  const action: Action = { kind: "copy", name, source: file(2, 2), target: file(1, 1), reason: "size" };
  expect(describeAction(action, { ...kept, times: false })?.itemized).toBe(">f.sT......");
});

test("modes are shown where they are kept, contents where they are compared", () => {
  const source = { ...file(2, 2), mode: 0o100600 };
  const secret = { ...directory, mode: 0o040700 };
  const closing: Action = { kind: "directory", name, source: secret, target: directory };
  expect(describeAction(closing, { ...kept, perms: true })?.itemized).toBe(".d...p.....");
  expect(describeAction(closing, kept)).toBeNull();
  const action: Action = { kind: "copy", name, source, target: file(1, 1), reason: "size" };
  expect(describeAction(action, { ...kept, perms: true })?.itemized).toBe(">f.stp.....");
  expect(describeAction(action, { ...kept, checksum: true })?.itemized).toBe(">fcst......");
});
