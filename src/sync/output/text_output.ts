/** What people read: lines of changes, errors, and a summary. Pure: from events and reports to text. */
import { displayName } from "../../errors.ts";
import { formatBytes, formatRate } from "./format.ts";
import type { ChangeEvent, DifferenceEvent, FailureEvent, Report, TargetReport } from "./report.ts";

/** `>f.st...... a/b`, or `a/b` alone; a deletion says so in both. */
export function formatChange(event: ChangeEvent, itemize: boolean): string {
  const path = displayName(event.path) + (event.type === "directory" ? "/" : "");
  if (itemize) return `${event.itemized} ${path}`;
  return event.change === "delete" ? `deleting ${path}` : path;
}

/** `= a/b`. */
export function formatDifference({ sign, path }: DifferenceEvent): string {
  return `${sign} ${displayName(path)}`;
}

/** `hostB:9094 "/dst/a/b": copy: no space left on device`. */
export function formatFailure({ server, path, action, reason }: FailureEvent): string {
  return `${server} "${displayName(path)}": ${action}: ${reason}`;
}

/** One line for each replica. */
export function formatSummary({ replica, directory, counts, seconds, rpcs, ending, exitCode }: TargetReport): string {
  const parts = [
    `copied ${counts.copied}`,
    `updated ${counts.updated}`,
    `deleted ${counts.deleted}`,
    `unchanged ${counts.unchanged}`,
    `failed ${counts.failed}`,
  ];
  if (counts.skipped > 0) parts.push(`skipped ${counts.skipped}`);
  if (counts.vanished > 0) parts.push(`vanished ${counts.vanished}`);
  if (counts.unstable > 0) parts.push(`unstable ${counts.unstable}`);
  const rate = `${formatBytes(counts.bytes)} in ${seconds.toFixed(1)} s (${formatRate(counts.bytes / seconds)}), ${rpcs} RPCs`;
  const state = ending === null ? (exitCode === 0 ? "" : "; not complete") : `; ended early (${ending.stage})`;
  return `${replica} ${displayName(directory)}: ${parts.join(", ")}; ${rate}${state}`;
}

/** The counts of --check. */
export function formatCheckSummary({ replica, directory, counts, ending }: TargetReport): string {
  const state = ending === null ? "" : `; ended early (${ending.stage})`;
  return `${replica} ${displayName(directory)}: equal ${counts.unchanged}, different ${counts.differences}, failed ${counts.failed}${state}`;
}

/** What --stats adds. */
export function formatStats(report: Report): string[] {
  const lines = [`source: ${report.sourceRpcs} RPCs`];
  for (const { replica, counts, rpcs, seconds } of report.targets) {
    const files = counts.copied + counts.updated;
    lines.push(
      `${replica}: ${counts.directories} directories made, ${files} files written, ${counts.bytes} bytes, ` +
        `${counts.skipped} skipped, ${counts.vanished} vanished, ${counts.unstable} unstable, ` +
        `${rpcs} RPCs, ${seconds.toFixed(2)} s`,
    );
  }
  return lines;
}
