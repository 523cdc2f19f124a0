/** The report of a soak as a table, and whether resources stayed flat. Pure. */
import { growthOf, type ProcessSample } from "./process_watch.ts";
import type { SoakReport } from "./run_soak.ts";

/** What may grow from the second to the last fifth of a run: caches fill, threads of abandoned workers end late. */
const MAY_GROW: Readonly<Record<keyof ProcessSample, number>> = { rssMiB: 96, fds: 30, threads: 12 };
/** Shorter runs are warming up all the time; then only the most that was used counts. */
const SECONDS_FOR_GROWTH = 240;
const MOST: Readonly<Record<keyof ProcessSample, number>> = { rssMiB: 1_200, fds: 400, threads: 150 };

export function flatnessProblems(report: SoakReport): string[] {
  return [
    ...problemsOf("web server", report.webSamples, report.seconds),
    ...problemsOf("chirp_synchronize", report.syncSamples, report.seconds),
  ];
}

function problemsOf(name: string, samples: readonly ProcessSample[], seconds: number): string[] {
  const problems: string[] = [];
  for (const what of ["rssMiB", "fds", "threads"] as const) {
    const { early, late, most } = growthOf(samples, what);
    if (seconds >= SECONDS_FOR_GROWTH && late - early > MAY_GROW[what]) {
      problems.push(`${name}: ${what} grew from ${Math.round(early)} to ${Math.round(late)}`);
    }
    if (most > MOST[what]) problems.push(`${name}: ${what} reached ${Math.round(most)}`);
  }
  return problems;
}

export function soakTable(report: SoakReport, problems: readonly string[]): string {
  const { faults } = report;
  const rows: [string, string][] = [
    ["seed", String(report.seed)],
    ["duration", `${(report.seconds / 60).toFixed(1)} min`],
    ["requests", String(report.requests)],
    ["by status", pairs(report.statuses).replace(/^0:/, "hung up:")],
    ["bytes checked", `${(report.bytes / 1e9).toFixed(2)} GB`],
    ["slowest response", `${Math.round(report.slowestMs)} ms`],
    ["edits of the master", String(report.edits)],
    ["synchronisations", `${report.cycles} cycles, ${report.copied} files copied`],
    ["their exit codes, by replica", pairs(report.syncExits)],
    ["servers killed", `${faults.kills} (${faults.blips} back at once)`],
    ["servers stopped", String(faults.stops)],
    ["requests asked of a second server", `${report.retried}, ${report.hedges} of them hedged`],
    ["bodies continued on another server", String(report.switches)],
    ["resets while replicas differed", String(report.allowedResets)],
    ["web server: MiB, early / late / most", growth(report.webSamples, "rssMiB")],
    ["web server: fds", growth(report.webSamples, "fds")],
    ["web server: threads", growth(report.webSamples, "threads")],
    ["synchroniser: MiB", growth(report.syncSamples, "rssMiB")],
    ["synchroniser: fds", growth(report.syncSamples, "fds")],
    ["synchroniser: threads", growth(report.syncSamples, "threads")],
    ["wrong bytes", String(count(problems, /^(wrong|stale) bytes/))],
    [
      "errors (status, reset, late)",
      String(count(problems, /^(unexpected status|not what was asked for|not found|reset|late)/)),
    ],
    ["all that was wrong", String(problems.length)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`).join("\n");
}

function growth(samples: readonly ProcessSample[], what: keyof ProcessSample): string {
  const { early, late, most } = growthOf(samples, what);
  return [early, late, most].map(Math.round).join(" / ");
}

function pairs(counts: ReadonlyMap<number, number>): string {
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ");
}

function count(problems: readonly string[], pattern: RegExp): number {
  return problems.filter((problem) => pattern.test(problem)).length;
}
