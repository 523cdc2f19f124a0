/** Where the words go: changes and summaries to standard output, errors and progress to standard error. */
import type { TextOutput } from "../../cli/text_output.ts";
import type { Command } from "../options/command.ts";
import { eventObject, replicaObject, reportObject, schemaLine } from "./json_output.ts";
import { createProgress, type Progress, type ProgressStream } from "./progress.ts";
import type { Counts, Report, SyncEvent } from "./report.ts";
import {
  formatChange,
  formatCheckSummary,
  formatDifference,
  formatFailure,
  formatStats,
  formatSummary,
} from "./text_output.ts";

export interface Output {
  event(event: SyncEvent): void;
  watch(replica: string, counts: Readonly<Counts>): void;
  /** After each cycle. */
  report(report: Report): void;
}

export interface Streams {
  readonly out: TextOutput;
  readonly errors: TextOutput;
}

const NAME = "chirp_synchronize";

export function createOutput({ output, check, targets }: Command, { out, errors }: Streams): Output {
  const several = targets.length > 1;
  const { json, quiet } = output;
  const isNaming = output.verbose || output.itemize;
  const progress: Progress | null = output.progress && !json ? createProgress(progressStream(errors)) : null;
  if (json) print(JSON.stringify(schemaLine));

  function print(line: string): void {
    progress?.clear();
    out.write(`${line}\n`);
  }

  function complain(line: string): void {
    progress?.clear();
    errors.write(`${NAME}: ${line}\n`);
  }

  const emit = (event: SyncEvent): void => {
    if (json) print(JSON.stringify(eventObject(event)));
    const prefix = several && "replica" in event ? `${event.replica} ` : "";
    switch (event.kind) {
      case "change":
        if (!json && !quiet && isNaming) print(prefix + formatChange(event, output.itemize));
        return;
      case "difference":
        if (!json && !quiet) print(prefix + formatDifference(event));
        return;
      case "failure":
        if (check) emit({ kind: "difference", replica: event.replica, path: event.relative ?? event.path, sign: "!" });
        complain(formatFailure(event) + (output.debug && event.code !== null ? ` (${event.code})` : ""));
        return;
      case "warning":
        complain(`warning: ${formatFailure(event)}`);
        return;
    }
  };

  return {
    event: emit,
    watch: (replica, counts) => progress?.watch(replica, counts),
    report(report) {
      progress?.end();
      for (const target of report.targets) {
        if (target.ending !== null) complain(target.ending.message);
        if (target.withheld !== null) complain(`${target.replica}: ${target.withheld}`);
        if (json) print(JSON.stringify(replicaObject(target)));
        else if (!quiet) print(check ? formatCheckSummary(target) : formatSummary(target));
      }
      if (json) print(JSON.stringify(reportObject(report)));
      else if (output.stats) for (const line of formatStats(report)) print(line);
    },
  };
}

/** A terminal knows its width, which may change. */
function progressStream({ write }: TextOutput): ProgressStream {
  return {
    write,
    isTTY: process.stderr.isTTY,
    get columns() {
      return process.stderr.columns;
    },
  };
}
