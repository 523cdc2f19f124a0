/** Whether deletions may be done at all: asked once, when all is known and nothing has been deleted. Pure. */
import type { DeletionLimit } from "../options/options.ts";

/** A share of very little is less than an ordinary edit: so many may always be deleted under a percentage. */
const ALWAYS_ALLOWED = 5;

export interface DeletionFacts {
  /** Files and directories to be deleted. */
  readonly deletions: number;
  /** Files and directories that the target holds, those to be deleted included. */
  readonly targetEntries: number;
  readonly sourceIsEmpty: boolean;
  /** Paths that could not be listed, read or written in this run. */
  readonly failures: number;
  readonly wasInterrupted: boolean;
}

export interface DeletionPolicy {
  readonly maxDelete: DeletionLimit;
  readonly allowEmptySource: boolean;
  readonly ignoreErrors: boolean;
}

/** Null when they may, else the reason, which names the option that allows it. */
export function withholdDeletions(facts: DeletionFacts, policy: DeletionPolicy): string | null {
  const { deletions } = facts;
  if (deletions === 0) return null;
  if (facts.wasInterrupted) return `${count(deletions)} withheld: the run was interrupted`;
  if (facts.sourceIsEmpty && !policy.allowEmptySource) {
    return `${count(deletions)} withheld: the source directory is empty; if that is meant, give --allow-empty-source`;
  }
  if (facts.failures > 0 && !policy.ignoreErrors) {
    return `${count(deletions)} withheld: ${facts.failures} failed before; mend that, or give --ignore-errors`;
  }
  const limit = deletionLimit(policy.maxDelete, facts.targetEntries);
  if (deletions > limit) {
    return `${count(deletions)} withheld: at most ${limit} of ${facts.targetEntries} are allowed; if they are meant, give --max-delete ${deletions}`;
  }
  return null;
}

/** How many may be deleted where the target holds so many. */
export function deletionLimit(limit: DeletionLimit, targetEntries: number): number {
  if (limit.kind === "count") return limit.count;
  // Who says none means none.
  if (limit.percent === 0) return 0;
  return Math.max(ALWAYS_ALLOWED, Math.floor((limit.percent / 100) * targetEntries));
}

function count(deletions: number): string {
  return deletions === 1 ? "1 deletion" : `${deletions} deletions`;
}
