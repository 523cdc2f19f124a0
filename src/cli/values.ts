/** Readers of option values. Each takes the text and the option's name, and throws a UsageError that names both. */
import { UsageError } from "./arguments.ts";

export interface Limits {
  readonly min?: number;
  readonly max?: number;
}

/** Any text but the empty one. */
export function parseText(text: string, option: string): string {
  if (text === "") throw new UsageError(`${option} needs a value that is not empty`);
  return text;
}

/** A port of TCP, 1 to 65535, or 0 where that asks for a free one. */
export function parsePort(text: string, option: string): number {
  const port = parseDigits(text);
  if (port === null || port > 65_535) throw new UsageError(`${option} "${text}" is no port: a number from 0 to 65535`);
  return port;
}

/** A whole number, 0 or more, within the limits. */
export function parseCount(
  text: string,
  option: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: Limits = {},
): number {
  const count = parseDigits(text);
  if (count !== null && count >= min && count <= max) return count;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new UsageError(`${option} "${text}" is not a whole number ${range}`);
}

const secondsByUnit = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const;

/**
 * A time in seconds, not negative, within the limits.
 *
 *     20 → 20    0.5 → 0.5    250ms → 0.25    5m → 300    1h → 3600    1d → 86400
 */
export function parseSeconds(text: string, option: string, { min = 0, max = Infinity }: Limits = {}): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h|d)?$/.exec(text);
  const seconds = Number(match?.[1] ?? Number.NaN) * secondsByUnit[(match?.[2] ?? "s") as keyof typeof secondsByUnit];
  if (seconds >= min && seconds <= max && Number.isFinite(seconds)) return seconds;
  const range = max === Infinity ? (min === 0 ? "" : ` of at least ${min} s`) : ` from ${min} to ${max} s`;
  throw new UsageError(
    `${option} "${text}" is no time${range}: write 20, 0.5, 250ms, 5m or 1h (seconds without a unit)`,
  );
}

const powerByLetter = { "": 0, k: 1, m: 2, g: 3, t: 4 } as const;

/**
 * A number of bytes, rounded down. A letter alone and `iB` count by 1024, `B` by 1000, as in rsync; case is free.
 *
 *     0 → 0    512 → 512    64k → 65536    256MiB → 268435456    10MB → 10000000    1.5G → 1610612736
 */
export function parseSize(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:([kmgt])(i?b)?|b)?$/i.exec(text);
  const letter = (match?.[2] ?? "").toLowerCase() as keyof typeof powerByLetter;
  const unit = (match?.[3] ?? "").toLowerCase() === "b" ? 1000 : 1024;
  const bytes = Math.floor(Number(match?.[1] ?? Number.NaN) * unit ** powerByLetter[letter]);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new UsageError(`${option} "${text}" is no size: write 4096, 64k, 256MiB or 10MB (bytes without a unit)`);
}

/** A reader that accepts one of these words and no other. */
export function oneOf<const Word extends string>(...words: readonly Word[]): (text: string, option: string) => Word {
  return (text, option) => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw new UsageError(`${option} "${text}" is none of ${words.join(", ")}`);
    return word;
  };
}

/** The same for several words with commas between them. */
export function listOf<const Word extends string>(
  ...words: readonly Word[]
): (text: string, option: string) => readonly Word[] {
  const parse = oneOf(...words);
  return (text, option) => text.split(",").map((word) => parse(word, option));
}

function parseDigits(text: string): number | null {
  // Number() would take "", " 1", "0x10" and "1e3" as well.
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
