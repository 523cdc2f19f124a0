/** What the parts of one target's run share. */
import { ChirpError, type ErrorCode } from "../../errors.ts";
import { joinPath } from "../../chirp/byte_path.ts";
import { describeCode } from "../../errors.ts";
import type { BytePath, FileStat } from "../../protocol.ts";
import type { SyncOptions } from "../options/options.ts";
import { isInside } from "../options/overlap.ts";
import type { Counts, SyncEvent } from "../output/report.ts";
import type { SelectionRules } from "../selection/selection.ts";
import type { Semaphore } from "../store/semaphore.ts";
import type { SourceView } from "../source/shared_source.ts";
import type { Staging } from "./staging.ts";
import type { Store } from "../store/store.ts";

export interface TargetRun {
  /** For messages: the server as the user wrote it. */
  readonly replica: string;
  readonly source: SourceView;
  readonly sourceStore: Store;
  readonly sourceRoot: BytePath;
  readonly store: Store;
  readonly root: BytePath;
  /** host:port of the target for --server-side, null when it is no Chirp server. */
  readonly address: string | null;
  readonly options: SyncOptions;
  readonly rules: SelectionRules;
  /** Paths of --files-from that have not been found yet. */
  readonly unseen: Set<BytePath>;
  readonly staging: Staging;
  /** Bounds the files in transfer. */
  readonly transfers: Semaphore;
  /** Bounds the large files among them: each holds a few pieces in memory. */
  readonly largeTransfers: Semaphore;
  readonly counts: Counts;
  readonly codes: Set<ErrorCode>;
  readonly emit: (event: SyncEvent) => void;
  /** Given when the run is to end after what is in hand. */
  readonly stop: AbortSignal;
  /** Given when another run has taken the lock: what lies in staging is its own, and what is in hand must not be finished. */
  readonly lost: AbortSignal;
}

/** A directory of the source that is being made equal on the target. */
export interface DirectoryNode {
  /** Relative: "" for the top, else "a/b". */
  readonly path: BytePath;
  readonly source: FileStat;
  readonly parent: DirectoryNode | null;
  /** What the target has in its place; null: nothing. */
  readonly target: FileStat | null;
  readonly isNew: boolean;
  /** Done when it exists on the target; false when it could not be made. */
  readonly made: PromiseWithResolvers<boolean>;
  /** Whether a directory made in staging and moved here has the rights that one made here would have; null: not asked yet. */
  rightsAgree: Promise<boolean> | null;
  /** Itself and its subdirectories that are not finished. */
  pending: number;
  /** Something was made, replaced or removed directly in it, so that its time has to be set again. */
  touched: boolean;
}

export function sourcePath(run: TargetRun, relative: BytePath): BytePath {
  return relative === "" ? run.sourceRoot : joinPath(run.sourceRoot, relative);
}

export function targetPath(run: TargetRun, relative: BytePath): BytePath {
  return relative === "" ? run.root : joinPath(run.root, relative);
}

/** The path of an entry of a directory, both relative. */
export function within(directory: BytePath, name: BytePath): BytePath {
  return directory === "" ? name : `${directory}/${name}`;
}

/** Counts and tells a failure of one path. A failure that ends the whole run, or is none of Chirp's, is thrown on. */
export function recordFailure(run: TargetRun, relative: BytePath, action: string, error: unknown): void {
  if (!(error instanceof ChirpError) || endsRun(error)) throw error;
  run.counts.failed++;
  run.codes.add(error.code);
  const atSource = isAtSource(run, error);
  run.emit({
    kind: "failure",
    replica: run.replica,
    server: error.server,
    path: atSource ? sourcePath(run, relative) : targetPath(run, relative),
    relative,
    action,
    code: error.code,
    reason: describeCode(error.code) + (error.detail === undefined ? "" : `: ${error.detail}`),
  });
}

/** Source and target may be on one server: then the path tells. */
export function isAtSource({ sourceStore, sourceRoot }: TargetRun, { server, path }: ChirpError): boolean {
  return server === sourceStore.server && (path === sourceRoot || isInside(path, sourceRoot));
}

/** A failure that this program found by itself, with words of its own. */
export function recordProblem(run: TargetRun, relative: BytePath, action: string, reason: string): void {
  run.counts.failed++;
  run.emit({
    kind: "failure",
    replica: run.replica,
    server: run.replica,
    path: targetPath(run, relative),
    relative,
    action,
    code: null,
    reason,
  });
}

export function warn(run: TargetRun, path: BytePath, action: string, reason: string, server = run.replica): void {
  run.emit({ kind: "warning", replica: run.replica, server, path, action, code: null, reason });
}

/** For what a server does by itself with a whole file, a hash or a copy to another server: 10 MB/s on top of the timeout. */
export function longCall({ options }: TargetRun, bytes: number): { readonly timeoutMs: number } {
  return { timeoutMs: options.timeoutSeconds * 1000 + bytes / 10_000 };
}

/** Whether a failure concerns more than the path: the server is gone, or the run was given up. */
export function endsRun(error: ChirpError): boolean {
  return error.blame === "server" || error.code === "ECONNABORTED";
}
