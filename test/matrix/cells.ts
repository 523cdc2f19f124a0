/** The cells of the fault matrix: what breaks, when, and what is being done meanwhile. Pure. */
import type { Trip } from "../helpers/tripwire_proxy.ts";

/** How the way to a server, or the server, breaks. */
export const faults = [
  "refused",
  "reset",
  "closed",
  "silent",
  "black hole",
  "dripping",
  "late",
  "garbage",
  "authentication refused",
  "killed",
  "stopped",
  /** One connection, once; all is well before and after. */
  "one reset",
] as const;
export type FaultName = (typeof faults)[number];

/** A server that is well and has something else than it should. */
export const lies = [
  /** As one that no synchronisation has reached yet. */
  "nothing at all",
  "file missing",
  "file truncated",
  "other contents",
  "file unreadable",
  "directory closed",
  "a directory in its place",
  "a pipe in its place",
  "a link to itself in its place",
] as const;
export type LieName = (typeof lies)[number];

export const moments = [
  "before connect",
  "after auth",
  "between open and read",
  "inside a read",
  "between files",
] as const;
export type Moment = (typeof moments)[number];

export const webOperations = ["small GET", "large GET", "range GET", "HEAD", "listing"] as const;
export type WebOperation = (typeof webOperations)[number];
export const syncOperations = [
  "sync read",
  "large sync read",
  "sync write",
  "large sync write",
  "rename",
  "locking",
] as const;
export type SyncOperation = (typeof syncOperations)[number];

export type Cell =
  | { readonly kind: "web"; readonly operation: WebOperation; readonly fault: FaultName; readonly moment: Moment }
  /** null: it is so from the start. */
  | {
      readonly kind: "lie";
      readonly operation: WebOperation;
      readonly lie: LieName;
      readonly moment: "between open and read" | "inside a read" | null;
    }
  | { readonly kind: "sync"; readonly operation: SyncOperation; readonly fault: FaultName; readonly moment: Moment }
  | {
      readonly kind: "sync lie";
      readonly operation: SyncOperation;
      readonly lie: LieName;
      readonly moment: "between open and read" | "inside a read";
    };

/** "web: large GET, stopped, inside a read" */
export function cellName(cell: Cell): string {
  const { kind, operation, moment } = cell;
  const what = kind === "lie" || kind === "sync lie" ? cell.lie : cell.fault;
  return `${kind}: ${operation}, ${what}${moment === null ? "" : `, ${moment}`}`;
}

export function allCells(): Cell[] {
  const cells: Cell[] = [];
  for (const moment of moments) {
    for (const fault of faults) {
      // There is no connection yet that could be reset.
      if (fault === "one reset" && moment === "before connect") continue;
      for (const operation of webOperations) cells.push({ kind: "web", operation, fault, moment });
      for (const operation of syncOperations) cells.push({ kind: "sync", operation, fault, moment });
    }
  }
  for (const lie of lies) {
    for (const operation of webOperations) {
      // A listing looks at no file, but at its directory.
      if (operation === "listing" && lie !== "directory closed" && lie !== "nothing at all") continue;
      for (const moment of [null, "between open and read", "inside a read"] as const) {
        // What is read at once is all there by then.
        if (moment !== "inside a read" || operation === "large GET" || operation === "range GET") {
          cells.push({ kind: "lie", operation, lie, moment });
        }
      }
    }
  }
  // What changes under the synchroniser's hands and is there again afterwards; other contents have tests of their own.
  const sourceLies = lies.filter(
    (lie) => lie !== "nothing at all" && lie !== "file truncated" && lie !== "other contents",
  );
  for (const moment of ["between open and read", "inside a read"] as const) {
    for (const lie of sourceLies) {
      for (const operation of ["sync read", "large sync read"] as const) {
        cells.push({ kind: "sync lie", operation, lie, moment });
      }
    }
    for (const operation of ["sync write", "large sync write", "rename", "locking"] as const) {
      cells.push({ kind: "sync lie", operation, lie: "directory closed", moment });
    }
  }
  return cells;
}

/** The RPC in which the bytes of an operation come or go. */
const dataCommands: Readonly<Record<WebOperation | SyncOperation, readonly string[]>> = {
  "small GET": ["getfile"],
  "large GET": ["pread"],
  "range GET": ["pread"],
  // Of a large file: nothing is read.
  HEAD: ["stat"],
  listing: ["getlongdir"],
  "sync read": ["getfile"],
  "large sync read": ["pread"],
  "sync write": ["putfile"],
  "large sync write": ["pwrite"],
  rename: ["rename"],
  locking: ["putfile", "rename"],
};

/** The lock is written and renamed as well, before any file: that is an operation of its own. */
const ofLock = /\/claim-/;
const notOfLock = /^(?!.*\/claim-)/;

/** Bytes of an answer, or of what is written, after which it breaks: in the middle of the numbers or of the data. */
const insideBytes: Readonly<Record<WebOperation | SyncOperation, number>> = {
  "small GET": 700,
  "large GET": 100_000,
  "range GET": 100_000,
  HEAD: 9,
  listing: 500,
  "sync read": 700,
  "large sync read": 100_000,
  "sync write": 700,
  "large sync write": 100_000,
  rename: 1,
  locking: 1,
};

/** What to wait for in the conversation; null: nothing, it is so from the start or between two requests. */
export function tripOf(operation: WebOperation | SyncOperation, moment: Moment): Trip | null {
  const names = dataCommands[operation];
  const line = operation === "locking" ? ofLock : notOfLock;
  switch (moment) {
    case "before connect":
      return null;
    case "after auth":
      return { on: "command", names: ["stat", "lstat", "getlongdir", "open", "whoami", "mkdir"], nth: 1 };
    case "between open and read":
      return { on: "command", names, line, nth: 1 };
    case "inside a read": {
      const bytes = insideBytes[operation];
      const isWriting = operation === "sync write" || operation === "large sync write";
      // Of the lock, the rename is the one that counts.
      return { on: isWriting ? "payload" : "answer", names, line, nth: operation === "locking" ? 2 : 1, bytes };
    }
    case "between files":
      return { on: "command", names, line, nth: operation === "large GET" ? 3 : 2 };
  }
}
