/** An action as rsync's --itemize-changes shows it. Pure. */
import { fileType } from "../../chirp/file_stat.ts";
import type { FileStat } from "../../protocol.ts";
import type { Action } from "./plan.ts";
import type { ChangeEvent } from "../output/report.ts";

type Change = Pick<ChangeEvent, "change" | "type" | "itemized" | "size">;

/**
 * What an action changes, or null when it changes nothing. `times` false: times are not kept, and shown as T.
 *
 *     new file            >f+++++++++
 *     other size, time    >f.st......
 *     time only           .f..t......
 *     new directory       cd+++++++++
 *     new link            cL+++++++++
 *     extraneous          *deleting
 */
export function describeAction(action: Action, times: boolean): Change | null {
  switch (action.kind) {
    case "copy":
    case "conflict": {
      const { source, target } = action;
      const link = fileType(source) === "link";
      const isNew = target === null || fileType(target) !== fileType(source);
      return {
        // Where a directory was in the way, it is deleted and the file is a new one.
        change: target === null || action.kind === "conflict" ? "copy" : "update",
        type: link ? "link" : "file",
        itemized: `${link ? "c" : ">"}${link ? "L" : "f"}${isNew ? "+++++++++" : flags(action, times)}`,
        size: source.size,
      };
    }
    case "link": {
      const isNew = action.target === null || fileType(action.target) !== "link";
      return {
        change: action.target === null ? "copy" : "update",
        type: "link",
        itemized: `cL${isNew ? "+++++++++" : "c........"}`,
        size: 0,
      };
    }
    case "directory":
      if (action.target !== null && fileType(action.target) === "directory") return null;
      return { change: "create", type: "directory", itemized: "cd+++++++++", size: 0 };
    case "attributes": {
      const time = action.time ? "t" : ".";
      const mode = action.mode ? "p" : ".";
      return { change: "attributes", type: "file", itemized: `.f..${time}${mode}.....`, size: 0 };
    }
    case "extraneous": {
      const type = fileType(action.target);
      return {
        change: "delete",
        type: type === "unknown" ? "special" : type,
        itemized: "*deleting  ",
        size: action.target.size,
      };
    }
    case "compare":
    case "unchanged":
    case "skip":
      return null;
  }
}

function flags(action: { source: FileStat; target: FileStat | null; reason?: string }, times: boolean): string {
  const { source, target } = action;
  const contents = action.reason === "contents" ? "c" : ".";
  const size = target !== null && source.size !== target.size ? "s" : ".";
  const sameTime = target !== null && source.mtime === target.mtime;
  const time = sameTime ? "." : times ? "t" : "T";
  return `${contents}${size}${time}......`;
}
