/** Which entries of a directory take part at all: patterns, sizes, depth, --files-from. Pure. */
import { fileType } from "../../chirp/file_stat.ts";
import type { BytePath, FileStat } from "../../protocol.ts";
import type { Filter } from "./filter.ts";

/** Whether an entry of one directory takes part. The same question is put to source and target: what is left out is protected. */
export type Selection = (name: BytePath, stat: FileStat) => boolean;

export interface SelectionRules {
  readonly filter: Filter;
  readonly minSize: number;
  readonly maxSize: number;
  readonly maxDepth: number;
  /** Relative paths, and all directories that lead to them; null: everything. */
  readonly listed: ReadonlySet<BytePath> | null;
  /** Directories of --files-from that were named themselves: with -r all below them takes part. */
  readonly listedTrees: readonly BytePath[];
}

/** What takes part in the directory at `directory` ("" is the top, else "a/b"). */
export function selectIn(directory: BytePath, rules: SelectionRules): Selection {
  const prefix = directory === "" ? "" : `${directory}/`;
  const depth = directory === "" ? 1 : directory.split("/").length + 1;
  return (name, stat) => {
    const path = prefix + name;
    const type = fileType(stat);
    if (depth > rules.maxDepth || (type === "directory" && depth >= rules.maxDepth)) return false;
    if (rules.filter(path, type === "directory")) return false;
    if (type === "file" && (stat.size < rules.minSize || stat.size > rules.maxSize)) return false;
    return rules.listed === null || rules.listed.has(path) || rules.listedTrees.some((tree) => isBelow(path, tree));
  };
}

/** The rules that --files-from asks for: the paths themselves and all their parents. */
export function listedPaths(paths: readonly BytePath[]): Pick<SelectionRules, "listed" | "listedTrees"> {
  const listed = new Set<BytePath>();
  const trees: BytePath[] = [];
  for (const path of paths) {
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.length === 0) return { listed: null, listedTrees: [] };
    for (let length = 1; length <= parts.length; length++) listed.add(parts.slice(0, length).join("/"));
    trees.push(parts.join("/"));
  }
  return { listed, listedTrees: trees };
}

function isBelow(path: BytePath, tree: BytePath): boolean {
  return path.length > tree.length && path.startsWith(tree) && path[tree.length] === "/";
}
