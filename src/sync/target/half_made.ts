/**
 * A server makes a directory first and its access list a moment later; in between it denies everything to everybody. When it
 * is killed there, that stays so for ever; when its disk is full, the list is there and empty, which denies as much. Nothing
 * can have been put into such a directory, so that it is waited for, and then removed (rmdir refuses what holds anything) or
 * made anew.
 */
import { ChirpError } from "../../errors.ts";
import type { BytePath, DirectoryEntry } from "../../protocol.ts";
import { doneWhenThere, listDirectory, LOCAL_SERVER, nullWhenMissing, type Store } from "../store/store.ts";

/** Looks at a directory that lacks its access list: another run may be just making it, which takes milliseconds. */
const TRIES = 5;
const PAUSE_MS = 200;

/** Denials by directories that stayed half made for as long as was waited. */
const stayed = new WeakSet<object>();

/** Does something with a directory that another run may be just making. */
export async function whenMade<T>(store: Store, path: BytePath, task: () => Promise<T>): Promise<T> {
  let wasMade = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      if (!isDenial(error)) throw error;
      if (!(await isHalfMade(store, path))) {
        // Its list may have come between the two looks.
        if (wasMade) throw error;
        wasMade = true;
        continue;
      }
      if (attempt >= TRIES) {
        stayed.add(error);
        throw error;
      }
      // Not in step with another run that waits for the same.
      await Bun.sleep(PAUSE_MS * (0.75 + Math.random() / 2));
    }
  }
}

/** The directory's entries; null when it was half made, and has been removed. */
export async function listOrRemove(store: Store, path: BytePath): Promise<DirectoryEntry[] | null> {
  try {
    return await whenMade(store, path, () => listDirectory(store, path));
  } catch (error) {
    if (await removeHalfMade(store, path, error)) return null;
    throw error;
  }
}

/** Whether the directory, which was denied with this error, was half made and has been removed. */
export async function removeHalfMade(store: Store, path: BytePath, error: unknown): Promise<boolean> {
  if (!(await isStillHalfMade(store, path, error))) return false;
  // Another run that waited for it as long may be the first to remove it.
  await nullWhenMissing(store.call({ kind: "rmdir", path }));
  return true;
}

/** The directory's entries; none when it was half made, and has been made anew. */
export async function listOrRemake(
  store: Store,
  path: BytePath,
  open: () => Promise<void>,
  mode: number,
): Promise<DirectoryEntry[]> {
  try {
    return await whenMade(store, path, () => listDirectory(store, path));
  } catch (error) {
    if (!(await isStillHalfMade(store, path, error))) throw error;
    await open();
    await nullWhenMissing(store.call({ kind: "rmdir", path }));
    await doneWhenThere(store.call({ kind: "mkdir", path, mode }));
    return [];
  }
}

/** Looked at once more: another run may have mended it just now. */
async function isStillHalfMade(store: Store, path: BytePath, error: unknown): Promise<boolean> {
  return isDenial(error) && stayed.has(error) && (await isHalfMade(store, path));
}

function isDenial(error: unknown): error is ChirpError {
  return error instanceof ChirpError && error.code === "EACCES";
}

/** A server answers ENOENT for the access list of a directory that is there and has none. A local directory needs none. */
async function isHalfMade(store: Store, path: BytePath): Promise<boolean> {
  if (store.server === LOCAL_SERVER) return false;
  try {
    return (await store.call({ kind: "getAcl", path })).length === 0;
  } catch (error) {
    if (error instanceof ChirpError && error.blame === "path") return error.code === "ENOENT";
    throw error;
  }
}
