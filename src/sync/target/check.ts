import { fileType } from "../../chirp/file_stat.ts";
import type { BytePath } from "../../protocol.ts";
import type { Action } from "../plan/plan.ts";
import type { DifferenceEvent } from "../output/report.ts";
import { type DirectoryNode, type TargetRun, within } from "./target_run.ts";

/** Tells the plan of each directory as --check does; what only the replica has is told at the end, with all below it. */
export function observeDifferences(run: TargetRun): (node: DirectoryNode, actions: readonly Action[]) => void {
  return (node, actions) => {
    for (const action of actions) {
      const sign = signOf(action);
      if (sign === null) continue;
      if (sign !== "=") run.counts.differences++;
      const path: BytePath = within(node.path, action.name) + (action.kind === "directory" ? "/" : "");
      run.emit({ kind: "difference", replica: run.replica, path, sign });
    }
  };
}

function signOf(action: Action): DifferenceEvent["sign"] | null {
  switch (action.kind) {
    case "unchanged":
      return "=";
    case "copy":
    case "link":
      return action.target === null ? "+" : "*";
    case "attributes":
    case "conflict":
      return "*";
    case "directory": {
      const isThere = action.target !== null && fileType(action.target) === "directory";
      return isThere ? null : action.target === null ? "+" : "*";
    }
    case "skip":
    case "compare":
    case "extraneous":
      return null;
  }
}
