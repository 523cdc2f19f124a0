import { expect, test } from "bun:test";
import type { DirectoryEntry, FileStat } from "../../protocol.ts";
import { type Action, planDirectory, type PlanPolicy, settleComparison } from "./plan.ts";

const file = (size: number, mtime: number, mode = 0o644): FileStat => entry(0o100000 | mode, size, mtime);
const directory: FileStat = entry(0o040755, 4096, 1);
const link: FileStat = entry(0o120777, 5, 1);
const fifo: FileStat = entry(0o010644, 0, 1);
const nothing: FileStat = entry(0, 0, 0);

function entry(mode: number, size: number, mtime: number): FileStat {
  return { mode, size, mtime, ctime: mtime, inode: 1, links: 1 };
}

const plain: PlanPolicy = {
  recursive: true,
  checksum: false,
  sizeOnly: false,
  ignoreTimes: false,
  update: false,
  existing: false,
  ignoreExisting: false,
  modifyWindowSeconds: 0,
  delete: true,
  perms: false,
  times: true,
  links: "keep",
};

function plan(source: FileStat | null, target: FileStat | null, policy: Partial<PlanPolicy> = {}): string {
  const list = (stat: FileStat | null): DirectoryEntry[] => (stat === null ? [] : [{ name: "x", stat }]);
  return planDirectory(list(source), list(target), () => true, { ...plain, ...policy })
    .map(describe)
    .join();
}

function describe(action: Action): string {
  switch (action.kind) {
    case "copy":
    case "link":
    case "skip":
      return `${action.kind} ${action.reason}`;
    case "compare":
      return `compare ${action.by}`;
    case "attributes":
      return `attributes${action.time ? " time" : ""}${action.mode ? " mode" : ""}`;
    default:
      return action.kind;
  }
}

test.each<[name: string, source: FileStat | null, target: FileStat | null, policy: Partial<PlanPolicy>, plan: string]>([
  ["nothing on either side", null, null, {}, ""],
  ["a new file", file(1, 1), null, {}, "copy new"],
  ["the same", file(1, 1), file(1, 1), {}, "unchanged"],
  ["another size", file(2, 1), file(1, 1), {}, "copy size"],
  ["a later time", file(1, 2), file(1, 1), {}, "copy time"],
  ["an earlier time", file(1, 1), file(1, 2), {}, "copy time"],
  ["a time within the window", file(1, 2), file(1, 1), { modifyWindowSeconds: 1, times: false }, "unchanged"],
  ["size only", file(1, 2), file(1, 1), { sizeOnly: true }, "attributes time"],
  ["size only, times not kept", file(1, 2), file(1, 1), { sizeOnly: true, times: false }, "unchanged"],
  ["ignore times", file(1, 1), file(1, 1), { ignoreTimes: true }, "copy asked"],
  ["checksum", file(1, 1), file(1, 1), { checksum: true }, "compare hash"],
  ["checksum of empty files", file(0, 1), file(0, 2), { checksum: true }, "attributes time"],
  ["checksum, other size", file(1, 1), file(2, 1), { checksum: true }, "copy size"],
  ["update, target newer", file(1, 1), file(2, 2), { update: true }, "skip newer"],
  ["update, target older", file(1, 2), file(2, 1), { update: true }, "copy size"],
  ["existing only", file(1, 1), null, { existing: true }, "skip absent"],
  ["not what exists", file(2, 1), file(1, 1), { ignoreExisting: true }, "skip present"],
  ["mode", file(1, 1, 0o755), file(1, 1), { perms: true }, "attributes mode"],
  ["a mode that Chirp stores as this", file(1, 1, 0o444), file(1, 1, 0o644), { perms: true }, "unchanged"],
  ["extraneous", null, file(1, 1), {}, "extraneous"],
  ["extraneous, without delete", null, file(1, 1), { delete: false }, ""],
  ["extraneous directory", null, directory, {}, "extraneous"],
  ["extraneous directory, not recursive", null, directory, { recursive: false }, ""],
  ["extraneous and unknown", null, nothing, {}, ""],
  ["a directory", directory, null, {}, "directory"],
  ["a directory on both sides", directory, directory, {}, "directory"],
  ["a directory, not recursive", directory, null, { recursive: false }, "skip directory"],
  ["a directory where a file is", directory, file(1, 1), {}, "directory"],
  ["a directory where a link is", directory, link, {}, "directory"],
  ["a file where a directory is", file(1, 1), directory, {}, "conflict"],
  ["a link where a directory is", link, directory, {}, "conflict"],
  ["a file where a link is", file(1, 1), link, {}, "copy type"],
  ["a file where a FIFO is", file(1, 1), fifo, {}, "copy type"],
  ["a new link", link, null, {}, "link new"],
  ["a link where a file is", link, file(5, 1), {}, "link type"],
  ["links of one length", link, link, {}, "compare link"],
  ["links of other lengths", link, { ...link, size: 6 }, {}, "link contents"],
  ["links left out", link, null, { links: "skip" }, "skip link"],
  ["a FIFO", fifo, null, {}, "skip special"],
  ["a FIFO where a file is", fifo, file(1, 1), {}, "skip special"],
  ["unknown at the source", nothing, file(1, 1), {}, "skip unknown"],
  ["unknown on the target", file(1, 1), nothing, {}, "skip unknown"],
])("%s", (_, source, target, policy, expected) => {
  expect(plan(source, target, policy)).toBe(expected);
});

test("a target that is not there yet needs everything; what is left out gives no action on either side", () => {
  const source = ["b", "a", "c"].map((name) => ({ name, stat: file(1, 1) }));
  const target = ["c", "d", "e"].map((name) => ({ name, stat: file(1, 1) }));
  const selection = (name: string) => name !== "a" && name !== "e";
  expect(planDirectory(source, null, selection, plain).map(({ name }) => name)).toEqual(["b", "c"]);
  expect(planDirectory(source, target, selection, plain).map((action) => `${action.name} ${describe(action)}`)).toEqual(
    ["b copy new", "c unchanged", "d extraneous"],
  );
});

test("a comparison is settled by its answer", () => {
  const compare = { kind: "compare", name: "x", source: file(1, 2), target: file(1, 1) } as const;
  expect(describe(settleComparison({ ...compare, by: "hash" }, true, plain))).toBe("attributes time");
  expect(describe(settleComparison({ ...compare, by: "hash" }, false, plain))).toBe("copy contents");
  expect(describe(settleComparison({ ...compare, by: "link" }, true, plain))).toBe("unchanged");
  expect(describe(settleComparison({ ...compare, by: "link" }, false, plain))).toBe("link contents");
});
