/**
 * From the words of a command line to a complete, readonly, typed object; whatever is not understood is an error.
 *
 *     const program = {
 *       name: "copy",
 *       description: "Copies files.",
 *       positionals: { usage: "from to", min: 2, max: 2 },
 *       options: {
 *         "dry-run": { type: "flag", letter: "n", description: "only say what would be done" },
 *         port: { type: "value", hint: "N", default: "9094", parse: parsePort, description: "port of the server" },
 *         exclude: { type: "list", hint: "PATTERN", parse: parseText, description: "leave these out" },
 *       },
 *     } as const satisfies Program;
 *     const { options, positionals } = parseArguments(program, ["-n", "a", "b"]);
 *     options.dryRun; // boolean
 *     options.port; // number, from the default
 *     options.exclude; // string[]
 */
import { parseArgs } from "node:util";
import { nearest } from "./nearest.ts";

/** The command line cannot be understood: say the message and exit with 2, having done nothing. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Turns the text given to an option into its value, or throws a UsageError that names the option ("--port") and the text. */
export type ParseValue = (text: string, option: string) => unknown;

interface Described {
  /** The one letter of the short form, "n" for -n. */
  readonly letter?: string;
  readonly description: string;
  /** The heading under which --help shows it; options without one come first. */
  readonly group?: string;
}

export interface FlagOption extends Described {
  readonly type: "flag";
}

export interface ValueOption extends Described {
  readonly type: "value";
  /** What the value is, for --help: "N", "FILE". */
  readonly hint: string;
  readonly parse: ParseValue;
  /** As the user would write it; goes through `parse`. Without one the value is null when the option is not given. */
  readonly default?: string;
  /** What --help shows as the default where there is none to parse, e.g. "off". */
  readonly defaultHint?: string;
}

/** An option that may be given several times. */
export interface ListOption extends Described {
  readonly type: "list";
  readonly hint: string;
  readonly parse: ParseValue;
}

export type Option = FlagOption | ValueOption | ListOption;

/** By the name after the two dashes. `help` (-h) and `version` are there without being listed. */
export type OptionTable = Readonly<Record<string, Option>>;

export interface Program {
  /** What it calls itself in its messages. */
  readonly name: string;
  /** What the user types to run it, where that is more than the name. */
  readonly call?: string;
  /** What --version prints; without it there is no --version. */
  readonly version?: string;
  readonly description: string;
  /** The words that are not options: how --help shows them, and how many there may be. Without this there may be none. */
  readonly positionals?: { readonly usage: string; readonly min: number; readonly max: number };
  readonly options: OptionTable;
}

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type ValueOf<O extends Option> = O extends FlagOption
  ? boolean
  : O extends ListOption
    ? readonly ReturnType<O["parse"]>[]
    : O extends ValueOption
      ? O extends { readonly default: string }
        ? ReturnType<O["parse"]>
        : ReturnType<O["parse"]> | null
      : never;

/** The values by name in camel case: `dry-run` is `dryRun`. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table & string as CamelCase<Name>]: ValueOf<Table[Name]>;
};

/** One option as it stood on the command line; for a flag the text is "". */
export interface Occurrence<Name extends string = string> {
  readonly name: Name;
  readonly text: string;
}

export interface Arguments<P extends Program> {
  readonly options: OptionValues<P["options"]>;
  readonly positionals: readonly string[];
  /** All options in the order given, where that matters (--include and --exclude). */
  readonly occurrences: readonly Occurrence<keyof P["options"] & string>[];
}

/**
 * Understands `--name value`, `--name=value`, `-n`, bundles (`-rnv`), `-o value`, `-ovalue`, and `--` before words that
 * are no options. Throws UsageError for an unknown option, a value missing, given to a flag, or not accepted by `parse`,
 * a single option given twice, and too few or too many other words.
 */
export function parseArguments<const P extends Program>(program: P, argv: readonly string[]): Arguments<P> {
  const table = program.options;
  const given: Occurrence[] = [];
  const positionals: string[] = [];
  for (const token of tokenize(program, argv)) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind === "option") given.push(readOption(program, token));
  }
  checkPositionals(program, positionals);
  const options: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    const texts = given.filter((occurrence) => occurrence.name === name).map((occurrence) => occurrence.text);
    options[camelCase(name)] = valueOf(name, option, texts);
  }
  // Every name of the table was given a value of its option's kind above, which the compiler cannot see.
  return { options, positionals, occurrences: given } as unknown as Arguments<P>;
}

/** Whether this option is given, whatever else is wrong with the words. */
export function asksFor(option: "help" | "version", program: Program, argv: readonly string[]): boolean {
  return tokenize(program, argv).some((token) => token.kind === "option" && token.name === option);
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

/** Only cuts the words apart: `strict` is off because its messages name no remedy and it cannot see a repetition. */
function tokenize(program: Program, argv: readonly string[]): readonly Token[] {
  const options: Record<string, { type: "boolean" | "string"; short?: string }> = {
    help: { type: "boolean", short: "h" },
    version: { type: "boolean" },
  };
  for (const [name, { type, letter }] of Object.entries(program.options)) {
    options[name] = {
      type: type === "flag" ? "boolean" : "string",
      ...(letter === undefined ? {} : { short: letter }),
    };
  }
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true, allowPositionals: true });
  return tokens;
}

function readOption(program: Program, { name, rawName, value, inlineValue }: OptionToken): Occurrence {
  const option = Object.hasOwn(program.options, name) ? program.options[name] : undefined;
  if (option === undefined) throw new UsageError(`unknown option ${rawName}${suggestion(program, rawName)}`);
  if (option.type === "flag") {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value, but got "${value}"`);
    return { name, text: "" };
  }
  if (value === undefined || (value === "" && inlineValue)) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${option.hint}`);
  }
  // "--port --root" forgot the port; "-" alone is a usual value (standard input).
  if (!inlineValue && value.startsWith("-") && value !== "-") {
    throw new UsageError(
      `${rawName} needs a value, but "${value}" follows; if that is the value, write --${name}=${value}`,
    );
  }
  return { name, text: value };
}

function suggestion({ options, version }: Program, rawName: string): string {
  if (!rawName.startsWith("--")) return "";
  const known = [...Object.keys(options), "help", ...(version === undefined ? [] : ["version"])];
  const name = nearest(rawName.slice(2), known);
  return name === null ? "" : `; did you mean --${name}?`;
}

/** The first words of the program's command line, as in the usage. */
export function callOf({ name, call = name }: Program): string {
  return call;
}

function checkPositionals(program: Program, words: readonly string[]): void {
  const { usage, min, max } = program.positionals ?? { usage: "", min: 0, max: 0 };
  const expected = `expected: ${callOf(program)} [options] ${usage}`;
  if (words.length < min) throw new UsageError(`argument missing; ${expected}`);
  const extra = words[max];
  if (extra === undefined) return;
  throw new UsageError(`unexpected argument "${extra}"; ${max === 0 ? "only options are taken" : expected}`);
}

function valueOf(name: string, option: Option, texts: readonly string[]): unknown {
  const [text, second] = texts;
  if (option.type === "flag") return text !== undefined;
  if (option.type === "list") return texts.map((each) => option.parse(each, `--${name}`));
  if (second !== undefined) {
    throw new UsageError(`--${name} is given twice, as "${text}" and "${second}"; give it once`);
  }
  const chosen = text ?? option.default;
  return chosen === undefined ? null : option.parse(chosen, `--${name}`);
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
