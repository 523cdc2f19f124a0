/** An action as rsync's --itemize-changes shows it. Pure. */
import { fileType } from "../../chirp/file_stat.ts";
import type { FileStat } from "../../protocol.ts";
import { type Action, chirpMode, directoryModeOf, type PlanPolicy } from "./plan.ts";
import type { ChangeEvent } from "../output/report.ts";

type Change = Pick<ChangeEvent, "change" | "type" | "itemized" | "size">;

export type ItemizeOptions = Pick<PlanPolicy, "times" | "perms" | "checksum">;

/**
 * What an action changes, or null when it changes nothing. Times that are not kept are shown as T.
 *
 *     new file            >f+++++++++
 *     other size, time    >f.st......
 *     time only           .f..t......
 *     new directory       cd+++++++++
 *     directory's time    .d..t......
 *     new link            cL+++++++++
 *     extraneous          *deleting
 */
export function describeAction(action: Action, options: ItemizeOptions): Change | null {
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
        itemized: `${link ? "c" : ">"}${link ? "L" : "f"}${isNew ? "+++++++++" : flags(action, options)}`,
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
    case "directory": {
      const { source, target } = action;
      if (target === null || fileType(target) !== "directory") {
        return { change: "create", type: "directory", itemized: "cd+++++++++", size: 0 };
      }
      const time = options.times && source.mtime !== target.mtime ? "t" : ".";
      const mode = options.perms && directoryModeOf(source) !== directoryModeOf(target) ? "p" : ".";
      if (time === "." && mode === ".") return null;
      return { change: "attributes", type: "directory", itemized: `.d..${time}${mode}.....`, size: 0 };
    }
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

function flags(
  { source, target, reason }: { source: FileStat; target: FileStat | null; reason?: string },
  { times, perms, checksum }: ItemizeOptions,
): string {
  const isLonger = target !== null && source.size !== target.size;
  const contents = reason === "contents" || (checksum && isLonger) ? "c" : ".";
  const size = isLonger ? "s" : ".";
  const sameTime = target !== null && source.mtime === target.mtime;
  const time = sameTime ? "." : times ? "t" : "T";
  const mode = perms && target !== null && chirpMode(source.mode) !== chirpMode(target.mode) ? "p" : ".";
  return `${contents}${size}${time}${mode}.....`;
}
