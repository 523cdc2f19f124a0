/** What a benchmark asks and answers. Each question is a file of its own in bench/; all.ts runs them. */
import type { Comparison } from "./side_by_side.ts";

/** One line of the table in docs/performance.md. */
export interface Row {
  /** What was measured, against what. */
  readonly what: string;
  /** With its unit: "1.12 ×", "1.00". */
  readonly measured: string;
  /** How far the rounds lay apart: "1.05 – 1.20"; "exact" for what is counted. */
  readonly spread: string;
  /** RPCs as the servers counted them, in words; "" where none are meant. */
  readonly rpcs: string;
  readonly reach: Reach | null;
}

/** What is to be reached, and whether it was. */
export interface Reach {
  readonly text: string;
  readonly isReached: boolean;
}

export interface Question {
  /** Its word on the command line. */
  readonly name: string;
  /** Programs besides this project's, without which it cannot be asked. */
  readonly programs: readonly string[];
  ask(): Promise<readonly Row[]>;
}

export function atLeast(value: number, limit: number): Reach {
  return { text: `≥ ${limit}`, isReached: value >= limit };
}

export function atMost(value: number, limit: number): Reach {
  return { text: `≤ ${limit}`, isReached: value <= limit };
}

/** "1.12", "12.3", "123": three digits. */
export function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The cells of a row that come from a comparison. */
export function ratioCells({ ratio, low, high }: Comparison): Pick<Row, "measured" | "spread"> {
  return { measured: `${digits(ratio)} ×`, spread: `${digits(low)} – ${digits(high)}` };
}
