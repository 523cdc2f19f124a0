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

const HEADING = [
  "| measure | measured | middle half | RPCs at the servers | reach |  | command |",
  "| --- | --- | --- | --- | --- | --- | --- |",
];

export function renderTable(sections: readonly Section[]): string {
  return lines([...HEADING, ...sections.flatMap(rowLines)]);
}

/** Puts the sections into the table, each in the place of what its command gave the last time; `order`: of the commands. */
export function writeTable(sections: readonly Section[], order: readonly string[]): void {
  const text = readFileSync(FILE, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${FILE} has no place for the results: "${BEGIN}" and "${END}"`);
  const old = text.slice(begin, end).split("\n");
  const rows = order.flatMap((command) => {
    const section = sections.find((each) => each.command === command);
    return section === undefined ? old.filter((line) => commandIn(line) === command) : rowLines(section);
  });
  const table = `${BEGIN}\n\nLast measured ${describeMachine()}.\n\n${lines([...HEADING, ...rows])}\n`;
  writeFileSync(FILE, text.slice(0, begin) + table + text.slice(end));
  const { exitCode } = Bun.spawnSync([process.execPath, "fmt", FILE], { stdout: "ignore", stderr: "inherit" });
  if (exitCode !== 0) throw new Error(`${FILE} has the results, and could not be formatted`);
}

/** What stands in the last cell of a row, which a formatter may have padded. */
function commandIn(row: string): string | undefined {
  return /\| `([^`]*)` *\|$/.exec(row)?.[1];
}

function rowLines({ command, rows, skipped }: Section): string[] {
  const code = `\`${command}\``;
  if (skipped !== null) return [cells([`skipped: ${skipped}`, "", "", "", "", "", code])];
  return rows.map(({ what, measured, spread, rpcs, reach }) => {
    const verdict = reach === null ? "" : reach.isReached ? "yes" : "**no**";
    return cells([what, measured, spread, rpcs, reach?.text ?? "", verdict, code]);
  });
}

function cells(texts: readonly string[]): string {
  return `| ${texts.join(" | ")} |`;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
