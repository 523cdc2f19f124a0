/** What a synchronisation tells: events while it runs, and a report at the end. Plain data. */
import type { ErrorCode } from "../../errors.ts";
import type { BytePath } from "../../protocol.ts";

/** Something that was, or with --dry-run would be, changed on a replica. */
export interface ChangeEvent {
  readonly kind: "change";
  readonly replica: string;
  /** Relative to the directory that is synchronised. */
  readonly path: BytePath;
  readonly change: "copy" | "update" | "create" | "attributes" | "delete";
  readonly type: "file" | "directory" | "link" | "special";
  /** rsync's eleven characters, e.g. ">f.st......". */
  readonly itemized: string;
  readonly size: number;
}

export interface FailureEvent {
  readonly kind: "failure" | "warning";
  /** The replica whose run it concerns. */
  readonly replica: string;
  /** Where it happened: the source or the replica. */
  readonly server: string;
  readonly path: BytePath;
  /** The same as in the lines of changes: relative to the directory that is synchronised. */
  readonly relative?: BytePath;
  readonly action: string;
  readonly code: ErrorCode | null;
  readonly reason: string;
}

/** One line of --check. */
export interface DifferenceEvent {
  readonly kind: "difference";
  readonly replica: string;
  readonly path: BytePath;
  /** = the same, - only on the replica, + only at the source, * different, ! not to be compared. */
  readonly sign: "=" | "-" | "+" | "*" | "!";
}

export type SyncEvent = ChangeEvent | FailureEvent | DifferenceEvent;

export interface Counts {
  /** Files and links that the replica did not have. */
  copied: number;
  /** Files and links that were replaced, or whose time or mode was set. */
  updated: number;
  deleted: number;
  unchanged: number;
  failed: number;
  /** Left out, with a reason that is no failure: special files, newer ones with --update, … */
  skipped: number;
  /** Gone from the source between its listing and the copy. */
  vanished: number;
  /** Changed at the source during every try. */
  unstable: number;
  directories: number;
  /** File contents written to the replica. */
  bytes: number;
  /** What the plans so far ask for: the whole that progress is measured against grows as directories are listed. */
  plannedFiles: number;
  plannedBytes: number;
  /** With --check. */
  differences: number;
}

export function emptyCounts(): Counts {
  return {
    copied: 0,
    updated: 0,
    deleted: 0,
    unchanged: 0,
    failed: 0,
    skipped: 0,
    vanished: 0,
    unstable: 0,
    directories: 0,
    bytes: 0,
    plannedFiles: 0,
    plannedBytes: 0,
    differences: 0,
  };
}

/** Why a run for a target ended early, or did not begin. */
export interface Ending {
  readonly stage:
    | "root"
    | "connect"
    | "overlap"
    | "locked"
    /** The server is well and would not let its target be written to. */
    | "refused"
    /** The server went away. */
    | "lost"
    | "interrupted";
  readonly code: ErrorCode | null;
  readonly message: string;
}

export interface TargetReport {
  readonly replica: string;
  readonly directory: BytePath;
  readonly counts: Readonly<Counts>;
  readonly seconds: number;
  readonly rpcs: number;
  /** The codes of all failures of single paths. */
  readonly codes: ReadonlySet<ErrorCode>;
  /** Why deletions were not done, or null. */
  readonly withheld: string | null;
  readonly ending: Ending | null;
  readonly exitCode: number;
}

export interface Report {
  readonly targets: readonly TargetReport[];
  readonly sourceRpcs: number;
  readonly exitCode: number;
}
