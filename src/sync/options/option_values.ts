/** Readers of option values that only chirp_synchronize has. Each throws a UsageError that names option and text. */
import { UsageError } from "../../cli/arguments.ts";
import { parseCount, parseSeconds, parseSize } from "../../cli/values.ts";
import type { DeletionLimit } from "./options.ts";

/** More workers than this only wait for one another. */
const WORKERS_MAX = 64;

/** "20" → count 20; "10%" → percent 10. */
export function parseDeletionLimit(text: string, option: string): DeletionLimit {
  const match = /^(\d{1,15})(%?)$/.exec(text);
  const number = Number(match?.[1]);
  if (match === null || (match[2] === "%" && number > 100)) {
    throw new UsageError(`${option} "${text}" is neither a number nor a share from 0% to 100%`);
  }
  return match[2] === "%" ? { kind: "percent", percent: number } : { kind: "count", count: number };
}

/** Bytes a second; a number without a unit counts KiB, as in rsync; 0 is no limit. */
export function parseRate(text: string, option: string): number {
  return parseSize(/^[\d.]+$/.test(text) ? `${text}k` : text, option);
}

export function parsePositiveSeconds(text: string, option: string): number {
  return parseSeconds(text, option, { min: 1, max: 31_536_000 });
}

export function parseSettle(text: string, option: string): number {
  return parseSeconds(text, option, { max: 3600 });
}

export function parseWindow(text: string, option: string): number {
  return parseSeconds(text, option, { max: 86_400 });
}

export function parseDepth(text: string, option: string): number {
  return parseCount(text, option, { min: 1 });
}

export function parseWorkers(text: string, option: string): number {
  return parseCount(text, option, { min: 1, max: WORKERS_MAX });
}

export function parseRetries(text: string, option: string): number {
  return parseCount(text, option, { max: 20 });
}
