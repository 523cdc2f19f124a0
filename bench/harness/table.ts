/** The results as a Markdown table, on the screen and in docs/performance.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeMachine } from "./machine.ts";
import type { Row } from "./question.ts";

export interface Section {
  /** What reproduces it. */
  readonly command: string;
  /** Null: it was skipped, for this reason. */
  readonly rows: readonly Row[];
  readonly skipped: string | null;
}

const FILE = join(import.meta.dir, "../../docs/performance.md");
const BEGIN = "<!-- results: written by the command below, not by hand -->";
const END = "<!-- end of results -->";

export function renderTable(sections: readonly Section[]): string {
  const lines = [
    "| measure | measured | middle half | RPCs at the servers | reach |  | command |",
    "| --- | --- | --- | --- | --- | --- | --- |",
  ];
  for (const { command, rows, skipped } of sections) {
    if (skipped !== null) lines.push(cells([`skipped: ${skipped}`, "", "", "", "", "", `\`${command}\``]));
    for (const { what, measured, spread, rpcs, reach } of rows) {
      const verdict = reach === null ? "" : reach.isReached ? "yes" : "**no**";
      lines.push(cells([what, measured, spread, rpcs, reach?.text ?? "", verdict, `\`${command}\``]));
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Puts the table in the place of the last one. */
export function writeTable(sections: readonly Section[]): void {
  const text = readFileSync(FILE, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${FILE} has no place for the results: "${BEGIN}" and "${END}"`);
  const machine = `Measured ${describeMachine()}.`;
  const table = `${BEGIN}\n\n${machine}\n\n${renderTable(sections)}\n`;
  writeFileSync(FILE, text.slice(0, begin) + table + text.slice(end));
}

function cells(texts: readonly string[]): string {
  return `| ${texts.join(" | ")} |`;
}
