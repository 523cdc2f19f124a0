/** The manual page out of the Markdown page, so that there is one text. Pure; knows the Markdown that docs/chirp_synchronize.md uses. */

/**
 * roff for man(1) from headings, paragraphs, lists, tables, indented and fenced code.
 *
 *     # name → .TH, ## Heading → .SH    | `-r` | off | text | → .TP    1. text → .IP
 */
export function renderManPage(markdown: string): string {
  const lines = markdown.split("\n");
  const name = lines[0]?.replace(/^# /, "") ?? "";
  const summary = lines.find((line, index) => index > 0 && line !== "") ?? "";
  const output = [
    `.TH ${name.toUpperCase()} 1`,
    ".SH NAME",
    `${inline(name)} \\- ${inline(summary)}`,
    ".SH DESCRIPTION",
  ];
  for (const block of splitBlocks(lines.slice(lines.indexOf(summary) + 1))) output.push(...renderBlock(block));
  return `${output.join("\n")}\n`;
}

/** Lines that belong together: a fenced block, else what stands between blank lines. */
function splitBlocks(lines: readonly string[]): string[][] {
  const blocks: string[][] = [];
  let block: string[] = [];
  let isFenced = false;
  for (const line of lines) {
    if (line.startsWith("```")) isFenced = !isFenced;
    if (line === "" && !isFenced) {
      if (block.length > 0) blocks.push(block);
      block = [];
    } else block.push(line);
  }
  return block.length > 0 ? [...blocks, block] : blocks;
}

function renderBlock(block: readonly string[]): string[] {
  const [first = ""] = block;
  if (first.startsWith("### ")) return [`.SS ${inline(first.slice(4))}`];
  if (first.startsWith("## ")) return [`.SH ${inline(first.slice(3)).toUpperCase()}`];
  if (first.startsWith("```")) return verbatim(block.slice(1, -1));
  if (first.startsWith("    ")) return verbatim(block.map((line) => line.slice(4)));
  if (first.startsWith("|")) return table(block);
  if (/^(\d+\.|-) /.test(first)) return list(block);
  return [".PP", ...text(block.join(" "))];
}

function verbatim(lines: readonly string[]): string[] {
  return [".PP", ".nf", ...lines.map((line) => guard(escape(line))), ".fi"];
}

/** Each row is a term and what is said of it; what stands between is in parentheses. */
function table(rows: readonly string[]): string[] {
  return rows.slice(2).flatMap((row) => {
    const [term = "", ...rest] = row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    const said = rest.at(-1) ?? "";
    const between = rest.slice(0, -1).filter((cell) => cell !== "" && cell !== "off");
    const note = between.length === 0 ? "" : ` (default: ${between.join(", ")})`;
    return [".TP", guard(inline(term)), ...text(said + note)];
  });
}

function list(lines: readonly string[]): string[] {
  const items: string[] = [];
  for (const line of lines) {
    if (/^(\d+\.|-) /.test(line)) items.push(line);
    else items.push(`${items.pop() ?? ""} ${line.trim()}`);
  }
  return items.flatMap((item) => {
    const [, mark = "", said = ""] = /^(\d+\.|-) +(.*)$/.exec(item) ?? [];
    return [`.IP ${mark === "-" ? "\\(bu" : mark} 4`, ...text(said)];
  });
}

function text(words: string): string[] {
  return [guard(inline(words))];
}

/** `code` in bold. */
function inline(words: string): string {
  return words
    .split("`")
    .map((part, index) => (index % 2 === 1 ? `\\fB${escape(part)}\\fR` : escape(part)))
    .join("");
}

function escape(words: string): string {
  return words.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("…", "...");
}

/** A line that begins with a dot or an apostrophe would be a request. */
function guard(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
