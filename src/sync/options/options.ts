/** What a synchronisation is asked to do: complete and readonly. Defaults stand in command_line.ts. */
import type { BytePath } from "../../protocol.ts";
import type { FilterRule } from "../selection/filter.ts";

/** The most entries that may be deleted: a number, or a share of what the target holds. */
export type DeletionLimit =
  { readonly kind: "count"; readonly count: number } | { readonly kind: "percent"; readonly percent: number };

export interface SyncOptions {
  readonly recursive: boolean;
  readonly dryRun: boolean;
  readonly checksum: boolean;
  readonly sizeOnly: boolean;
  readonly ignoreTimes: boolean;
  readonly update: boolean;
  readonly existing: boolean;
  readonly ignoreExisting: boolean;
  /** Seconds by which times may differ and still count as equal. */
  readonly modifyWindowSeconds: number;
  readonly delete: boolean;
  readonly maxDelete: DeletionLimit;
  readonly allowEmptySource: boolean;
  readonly ignoreErrors: boolean;
  readonly force: boolean;
  /** On the target; absolute, or relative to the target directory. */
  readonly backupDirectory: BytePath | null;
  /** In the order given: the first that matches decides. */
  readonly rules: readonly FilterRule[];
  /** Only these paths (relative to the source directory) and the directories that lead to them; null: all. */
  readonly filesFrom: readonly BytePath[] | null;
  readonly minSize: number;
  readonly maxSize: number;
  /** 1: only what lies directly in the directory. */
  readonly maxDepth: number;
  readonly perms: boolean;
  readonly acls: boolean;
  readonly times: boolean;
  readonly links: "keep" | "follow" | "skip";
  readonly verify: boolean;
  readonly serverSide: boolean;
  /** Files in transfer at a time, per target. */
  readonly transfers: number;
  /** Directories being listed at a time, per target. */
  readonly checkers: number;
  /** Bytes a second read from the source, or null. */
  readonly bandwidth: number | null;
  readonly timeoutSeconds: number;
  readonly connectTimeoutSeconds: number;
  readonly retries: number;
  /** A file younger than this may change again without its time showing it: it is waited for. */
  readonly settleSeconds: number;
}

/** Whether a directory of the target may be removed where the source has something else: --delete is about directories only with -r. */
export function mayReplaceDirectories(options: Pick<SyncOptions, "force" | "delete" | "recursive">): boolean {
  return options.force || (options.delete && options.recursive);
}
