/** Source and target must be apart: a directory copied into itself never ends, and --delete would delete the source. Pure. */
import type { BytePath } from "../../protocol.ts";

export const sameDirectory = "source and target are the same directory";
export const targetInSource = "the target lies inside the source";
export const sourceInTarget = "the source lies inside the target";

/** How two directories of one server lie to each other by their names alone, as a sentence; null: apart. */
export function relate(source: BytePath, target: BytePath): string | null {
  if (source === target) return sameDirectory;
  if (isInside(target, source)) return targetInSource;
  if (isInside(source, target)) return sourceInTarget;
  return null;
}

/** Whether a path lies below a directory, by its name. */
export function isInside(path: BytePath, directory: BytePath): boolean {
  return path.startsWith(directory === "/" ? "/" : `${directory}/`);
}
