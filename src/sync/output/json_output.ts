/** What programs read: one object a line. Pure: from events and reports to objects. */
import { displayName } from "../../errors.ts";
import type { BytePath } from "../../protocol.ts";
import type { Report, SyncEvent, TargetReport } from "./report.ts";

/** The first line. The number changes when a field changes its meaning or goes; new ones may come. */
export const schemaLine = { schema: "chirp_synchronize/1" } as const;

/** The line of an event. */
export function eventObject(event: SyncEvent): object {
  switch (event.kind) {
    case "change": {
      const { replica, path, change, type, itemized, size } = event;
      return { event: change, replica, ...pathFields(path), type, itemized, size };
    }
    case "failure":
    case "warning": {
      const { kind, replica, server, path, action, code, reason } = event;
      return { event: kind, replica, server, ...pathFields(path), action, code, reason };
    }
    case "difference": {
      const { replica, path, sign } = event;
      return { event: "difference", replica, ...pathFields(path), sign };
    }
  }
}

/** The line of a replica at the end. */
export function replicaObject(target: TargetReport): object {
  const { replica, directory, counts, seconds, rpcs, withheld, ending, exitCode } = target;
  return {
    replica,
    directory: displayName(directory),
    copied: counts.copied,
    updated: counts.updated,
    deleted: counts.deleted,
    unchanged: counts.unchanged,
    failed: counts.failed,
    bytes: counts.bytes,
    rpcs,
    seconds: Math.round(seconds * 1000) / 1000,
    skipped: counts.skipped,
    vanished: counts.vanished,
    unstable: counts.unstable,
    directories: counts.directories,
    differences: counts.differences,
    withheld,
    ended: ending?.stage ?? null,
    reason: ending?.message ?? null,
    exit: exitCode,
  };
}

/** The last line. */
export function reportObject({ sourceRpcs, exitCode }: Report): object {
  return { event: "end", sourceRpcs, exit: exitCode };
}

/** A name is bytes: where its text does not tell them all, they follow in base64. */
function pathFields(path: BytePath): object {
  const text = displayName(path);
  const isExact = Buffer.from(text, "utf8").toString("latin1") === path;
  return isExact ? { path: text } : { path: text, pathBase64: Buffer.from(path, "latin1").toString("base64") };
}
