/** Which worker of a lane has which file open, as far as it matters who does the next operation on it. Pure. */
import type { BytePath } from "../protocol.ts";

export interface OpenPaths<W> {
  /** The worker has read from the path, or written to it, and keeps it open. */
  used(kind: "read" | "write", path: BytePath, worker: W): void;
  /** Who read from it last. */
  readerOf(path: BytePath): W | undefined;
  /** Everybody who has it open, who is forgotten with that. */
  takeHolders(path: BytePath): W[];
}

/** More paths than workers keep open; who fails in the middle of a file never closes it, and the workers do that by themselves after a while. */
const PATHS_MAX = 64;

export function createOpenPaths<W>(): OpenPaths<W> {
  const readers = new Map<BytePath, W>();
  const writers = new Map<BytePath, Set<W>>();

  return {
    used(kind, path, worker) {
      if (kind === "read") {
        remember(readers, path, worker);
      } else {
        remember(writers, path, (writers.get(path) ?? new Set()).add(worker));
      }
    },
    readerOf: (path) => readers.get(path),
    takeHolders(path) {
      const holders = new Set(writers.get(path));
      const reader = readers.get(path);
      if (reader !== undefined) holders.add(reader);
      writers.delete(path);
      readers.delete(path);
      return [...holders];
    },
  };
}

function remember<V>(map: Map<BytePath, V>, path: BytePath, value: V): void {
  map.delete(path);
  map.set(path, value);
  if (map.size > PATHS_MAX) map.delete(map.keys().next().value!);
}
