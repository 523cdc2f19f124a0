import { callOf, type Option, type Program } from "./arguments.ts";

/** Columns of the text: a description goes on in the next line rather than beyond this. */
const width = 100;
/** Where descriptions begin; an option longer than this has its description in the next line. */
const indent = 34;

/** What --help prints: the usage, what the program does, and every option with its default. */
export function renderHelp(program: Program): string {
  const { description, version, positionals, options } = program;
  const lines = [`usage: ${[callOf(program), "[options]", positionals?.usage].filter(Boolean).join(" ")}`, ""];
  lines.push(...description.split("\n").flatMap((paragraph) => wrap(paragraph, width)));
  const all: (readonly [string, Option])[] = [
    ...Object.entries(options),
    ["help", { type: "flag", letter: "h", description: "show this text" }],
  ];
  if (version !== undefined) all.push(["version", { type: "flag", description: "show the version" }]);
  for (const group of new Set([undefined, ...all.map(([, option]) => option.group)])) {
    lines.push("", `${group ?? "Options"}:`);
    for (const [option, definition] of all) {
      if (definition.group === group) lines.push(...describe(option, definition));
    }
  }
  return `${lines.join("\n")}\n`;
}

function describe(name: string, option: Option): string[] {
  const short = option.letter === undefined ? "    " : `-${option.letter}, `;
  const long = option.type === "flag" ? `--${name}` : `--${name} ${option.hint}`;
  const head = `  ${short}${long}`;
  const [first = "", ...rest] = wrap(`${option.description}${defaultNote(option)}`, width - indent);
  const firstLines = head.length + 2 > indent ? [head, " ".repeat(indent) + first] : [head.padEnd(indent) + first];
  return [...firstLines, ...rest.map((line) => " ".repeat(indent) + line)];
}

function defaultNote(option: Option): string {
  if (option.type === "flag") return "";
  if (option.type === "list") return " (may be given several times)";
  const shown = option.default ?? option.defaultHint;
  return shown === undefined ? "" : ` (default: ${shown})`;
}

/** Text that fits stays as it is: its blanks may be columns. */
function wrap(text: string, columns: number): string[] {
  if (text.length <= columns) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
