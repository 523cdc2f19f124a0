import { expect, test } from "bun:test";
import { forgetLockOwner, formatLockOwner, newLockOwner, parseLockOwner, stateOfOwner } from "./lock_owner.ts";

test("a holder is read back from its name; anything else is nobody known", () => {
  const owner = newLockOwner();
  expect(parseLockOwner(formatLockOwner(owner))).toEqual(owner);
  for (const name of ["", "x", "0123456789ab-1-2", "0123456789ab-1-2-zzzzzzzz", "0123456789ab--1-2-00000000"]) {
    expect(parseLockOwner(name)).toBeNull();
  }
  forgetLockOwner(owner);
});

test("who is alive", () => {
  const owner = newLockOwner();
  expect(stateOfOwner(owner)).toBe("alive");
  expect(stateOfOwner({ ...owner, machine: "0123456789ab" })).toBe("elsewhere");
  expect(stateOfOwner({ ...owner, pid: 4_000_000 })).toBe("dead");
  // A process number that is used again belongs to another process.
  expect(stateOfOwner({ ...owner, pid: 1, startTime: "1" })).toBe("dead");
  forgetLockOwner(owner);
  expect(stateOfOwner(owner)).toBe("dead");
});
