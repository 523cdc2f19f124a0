/** A directory as source and target have it. */
import { ChirpError } from "../../errors.ts";
import type { DirectoryEntry } from "../../protocol.ts";
import { listDirectory } from "../store/store.ts";
import { listOrRemake } from "./half_made.ts";
import { directoryMode } from "./make_directory.ts";
import { RefusedError } from "./refused_error.ts";
import { type DirectoryNode, endsRun, recordFailure, sourcePath, type TargetRun, targetPath } from "./target_run.ts";

export interface Listings {
  readonly source: readonly DirectoryEntry[];
  /** Null: the directory is not there yet. */
  readonly target: readonly DirectoryEntry[] | null;
}

/** Null: it failed, which has been recorded. */
export type Listed = Promise<Listings | null>;

/** Both listings, asked for at the same time. `isApplied` false: nothing is mended on the way. */
export async function listNode(run: TargetRun, node: DirectoryNode, isApplied: boolean): Listed {
  const source = run.source.list(sourcePath(run, node.path));
  const target = node.isNew ? Promise.resolve(null) : listTarget(run, node, isApplied);
  const [fromSource, fromTarget] = await Promise.allSettled([source, target]);
  try {
    if (fromSource.status === "rejected") throw fromSource.reason;
    if (fromTarget.status === "rejected")
      throw node.parent === null ? topUnlisted(run, fromTarget.reason) : fromTarget.reason;
    return { source: fromSource.value, target: fromTarget.value };
  } catch (error) {
    if (error instanceof ChirpError && !endsRun(error) && (await hasVanished(run, node, error))) {
      run.counts.vanished++;
      return null;
    }
    recordFailure(run, node.path, "list", error);
    return null;
  }
}

async function listTarget(run: TargetRun, node: DirectoryNode, isApplied: boolean): Promise<DirectoryEntry[]> {
  const path = targetPath(run, node.path);
  if (!isApplied) return await listDirectory(run.store, path);
  const open = async () => {
    await run.staging.open();
    // Made anew, it changes its own time and that of the directory that it is in.
    node.touched = true;
    if (node.parent !== null) node.parent.touched = true;
  };
  return await listOrRemake(run.store, path, open, directoryMode(run, node.source));
}

/** Of a target whose top cannot be listed nothing can be compared. */
function topUnlisted(run: TargetRun, error: unknown): unknown {
  if (!(error instanceof ChirpError) || endsRun(error)) return error;
  const message = `the target "${run.root}" on ${run.replica} cannot be listed: ${error.message}`;
  return new RefusedError({ stage: "root", code: error.code, message });
}

async function hasVanished(run: TargetRun, node: DirectoryNode, error: ChirpError): Promise<boolean> {
  if (error.code !== "ENOENT" || error.server !== run.sourceStore.server) return false;
  try {
    await run.sourceStore.call({ kind: "lstat", path: sourcePath(run, node.path) });
    return false;
  } catch (second) {
    return second instanceof ChirpError && second.code === "ENOENT";
  }
}
