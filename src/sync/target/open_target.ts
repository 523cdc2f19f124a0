/** The beginning of a target's run: nothing is written before source and target are known to be apart. */
import { baseName, parentPath } from "../../chirp/byte_path.ts";
import { fileType } from "../../chirp/file_stat.ts";
import { ChirpError, type ErrorCode } from "../../errors.ts";
import { backupRoot } from "./backup.ts";
import { type Endpoint, resolveEndpoint } from "../store/endpoint.ts";
import { findOverlap } from "./find_overlap.ts";
import type { BytePath, FileStat } from "../../protocol.ts";
import { removeHalfMade, whenMade } from "./half_made.ts";
import { directoryMode } from "./make_directory.ts";
import { RefusedError } from "./refused_error.ts";
import type { Ending } from "../output/report.ts";
import { listDirectory, statOrNull } from "../store/store.ts";
import type { SourceRoot } from "../source/synchronization.ts";
import type { DirectoryNode, TargetRun } from "./target_run.ts";
import { createNode } from "./walk.ts";

/** The top of the tree on the target, made when only it is missing. */
export async function openTop(
  run: TargetRun,
  root: SourceRoot,
  target: Endpoint,
  mayWrite: boolean,
): Promise<DirectoryNode> {
  const what = `the target "${run.root}" on ${run.replica}`;
  const refuse = (stage: Ending["stage"], message: string, code: ErrorCode | null = null): never => {
    throw new RefusedError({ stage, code, message });
  };
  const source = { store: root.store, server: root.server, directory: run.sourceRoot };
  const server = await resolveEndpoint(target);
  const overlap = await findOverlap(source, { store: run.store, server, directory: run.root }, mayWrite);
  if (overlap !== null) refuse("overlap", `${overlap}: "${run.sourceRoot}" on ${root.endpoint.server}, ${what}`);
  const backup = backupRoot(run);
  if (
    backup !== null &&
    (await findOverlap(source, { store: run.store, server, directory: backup }, mayWrite)) !== null
  ) {
    refuse(
      "overlap",
      `the backup directory "${backup}" on ${run.replica} and the source "${run.sourceRoot}" are not apart`,
    );
  }
  const look = (path: BytePath) =>
    whenMade(run.store, path, () => statOrNull(run.store, path)).catch(async (error: unknown) => {
      if (!(error instanceof ChirpError) || error.blame !== "path") throw error;
      if (mayWrite && path === run.root && (await removeHalfMadeTop(run, error))) return null;
      return refuse("root", `${what} cannot be looked at: ${error.message}`, error.code);
    });
  let there = await look(run.root);
  if (there !== null && fileType(there) !== "directory") refuse("root", `${what} is not a directory`, "ENOTDIR");
  if (there === null) {
    const parent = run.root === "/" ? null : await look(parentPath(run.root));
    if (parent === null || fileType(parent) !== "directory") {
      refuse("root", `${what} cannot be made: "${parentPath(run.root)}" does not exist there; make it first`, "ENOENT");
    }
    if (mayWrite) there = await makeTop(run, directoryMode(run, root.stat), refuse, what);
  }
  if (there !== null && mayWrite) {
    await run.staging.inspect();
    // To be used or removed; and if another run is at it, that shows now and not half way.
    if (run.staging.hasLeftovers()) await run.staging.open();
  }
  const top = createNode("", null, { source: root.stat, target: there });
  top.made.resolve(true);
  return top;
}

/** A missing directory, where one may not look, is denied in the same words: that it is there, the listing of its parent has to say. */
async function removeHalfMadeTop({ store, root }: TargetRun, error: ChirpError): Promise<boolean> {
  if (error.code !== "EACCES" || root === "/") return false;
  const isThere = await listDirectory(store, parentPath(root)).then(
    (entries) => entries.some(({ name, stat }) => name === baseName(root) && fileType(stat) === "directory"),
    (reason: unknown) => {
      if (!(reason instanceof ChirpError) || reason.blame !== "path") throw reason;
      return false;
    },
  );
  return isThere && (await removeHalfMade(store, root, error));
}

/** Null: it is new. What another run has made at the same moment is not. */
async function makeTop(
  run: TargetRun,
  mode: number,
  refuse: (stage: Ending["stage"], message: string, code: ErrorCode) => never,
  what: string,
): Promise<FileStat | null> {
  try {
    await run.store.call({ kind: "mkdir", path: run.root, mode });
    return null;
  } catch (error) {
    if (!(error instanceof ChirpError) || error.blame !== "path") throw error;
    const look = () => statOrNull(run.store, run.root);
    const there = error.code === "EEXIST" ? await whenMade(run.store, run.root, look) : null;
    if (there !== null && fileType(there) === "directory") return there;
    return refuse("root", `${what} cannot be made: ${error.message}`, error.code);
  }
}
