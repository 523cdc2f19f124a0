import { expect, test } from "bun:test";
import { deletionLimit, withholdDeletions } from "./guard.ts";

const facts = { deletions: 10, targetEntries: 100, sourceIsEmpty: false, failures: 0, wasInterrupted: false };
const policy = { maxDelete: { kind: "percent", percent: 50 }, allowEmptySource: false, ignoreErrors: false } as const;

test.each<[Partial<typeof facts>, Partial<Parameters<typeof withholdDeletions>[1]>, string | null]>([
  [{}, {}, null],
  [{ deletions: 50 }, {}, null],
  [{ deletions: 51 }, {}, "--max-delete 51"],
  [{ deletions: 5, targetEntries: 5 }, {}, null],
  [{ deletions: 6, targetEntries: 6 }, {}, "--max-delete 6"],
  [{ deletions: 1 }, { maxDelete: { kind: "count", count: 0 } }, "--max-delete 1"],
  [{ deletions: 1000 }, { maxDelete: { kind: "count", count: 1000 } }, null],
  [{ deletions: 3 }, { maxDelete: { kind: "percent", percent: 1 } }, null],
  [{ deletions: 1 }, { maxDelete: { kind: "percent", percent: 0 } }, "--max-delete 1"],
  [{ sourceIsEmpty: true }, {}, "--allow-empty-source"],
  [{ sourceIsEmpty: true }, { allowEmptySource: true }, null],
  [{ sourceIsEmpty: true, deletions: 0 }, {}, null],
  [{ failures: 1 }, {}, "--ignore-errors"],
  [{ failures: 1 }, { ignoreErrors: true }, null],
  [{ failures: 1, deletions: 0 }, {}, null],
  [{ failures: 1, deletions: 60 }, { ignoreErrors: true }, "--max-delete"],
  [{ wasInterrupted: true }, { ignoreErrors: true }, "interrupted"],
])("%o with %o", (given, options, expected) => {
  const withheld = withholdDeletions({ ...facts, ...given }, { ...policy, ...options });
  if (expected === null) expect(withheld).toBeNull();
  else expect(withheld).toContain(expected);
});

test("a share is rounded down, and never below five; none is none", () => {
  expect(deletionLimit({ kind: "percent", percent: 50 }, 13)).toBe(6);
  expect(deletionLimit({ kind: "percent", percent: 10 }, 20)).toBe(5);
  expect(deletionLimit({ kind: "percent", percent: 0 }, 20)).toBe(0);
  expect(deletionLimit({ kind: "count", count: 2 }, 1000)).toBe(2);
});
