/** docs/web-server.md and docs/operations.md against the program. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import type { Option } from "../../src/cli/arguments.ts";
import { metricFamilies } from "../../src/web/operations/metric_families.ts";
import { errorPage, type ErrorStatus } from "../../src/web/pages/pages.ts";
import { run } from "../helpers/run.ts";
import { serveProgram } from "../../src/web/options/serve_options.ts";
import { createStatistics } from "../../src/web/operations/statistics.ts";

const read = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");
const webServer = read("web-server.md");
const operations = read("operations.md");

/** Cells of the rows of all tables; a bar in a cell is written \|. */
const rows = webServer
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll("\\|", "|").replaceAll("`", "")),
  );

describe("every option is documented as --help shows it", () => {
  const options: readonly (readonly [string, Option])[] = Object.entries(serveProgram.options);

  test.each(options.map(([name, option]) => [name, option] as const))("--%s", (name, option) => {
    const shown = option.type === "flag" ? `--${name}` : `--${name} ${option.hint}`;
    const found = rows.filter(([first]) => first === shown);
    expect(found).toHaveLength(1);
    const none = option.type === "list" ? "none" : "off";
    const value = option.type === "value" ? (option.default ?? option.defaultHint ?? none) : none;
    expect(found[0]![1]).toBe(value);
  });

  test("and no others", () => {
    const documented = rows.flatMap(([first = ""]) => /^--([a-z0-9][a-z0-9-]*)/.exec(first)?.[1] ?? []);
    expect(documented.filter((name) => !(name in serveProgram.options))).toEqual([]);
  });
});

test("every status of ours is documented", () => {
  const statuses = [200, 204, 206, 301, 304, 400, 403, 404, 405, 412, 413, 416, 429, 500, 501, 503];
  for (const status of statuses) {
    expect([status, rows.filter(([first]) => first === String(status)).length]).toEqual([status, 1]);
    if (status >= 400) expect(errorPage(status as ErrorStatus).status).toBe(status);
  }
});

test("every metric is documented, and no other", () => {
  const families = metricFamilies({
    pool: { members: [] } as never,
    statistics: createStatistics(),
    cache: { hits: 0, misses: 0, coalesced: 0, bytes: 0, entries: 0 },
    compressor: { compressed: 0, skipped: 0, bytes: 0 },
    unfinishedRequests: 0,
    connections: { open: 0, limit: 0, cut: { slow_request: 0, limit: 0, client_limit: 0 } },
    bufferedBytes: 0,
    openStreams: 0,
    droppedLogLines: 0,
  });
  const names = families.map(({ name }) => name);
  const documented = new Set(operations.match(/chirp_site_[a-z_]+/g)!.map((name) => name.replace(/_bucket$/, "")));
  expect(names.filter((name) => !documented.has(name))).toEqual([]);
  expect([...documented].filter((name) => !names.includes(name))).toEqual([]);
});

/** The block of this language that holds these words. */
function codeBlock(language: string, words: string): string {
  const blocks = [...operations.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return blocks.find(([, its, text]) => its === language && text!.includes(words))![2]!;
}

const hasPromtool = Bun.which("promtool") !== null;
if (!hasPromtool) console.log("skipped: promtool is not here (Debian package prometheus)");

test.skipIf(!hasPromtool)("promtool accepts the alerts", async () => {
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-docs-"));
  try {
    const file = join(directory, "alerts.yml");
    writeFileSync(file, codeBlock("yaml", "- alert:"));
    const { exitCode, stdout, stderr } = await run(["promtool", "check", "rules", file]);
    expect({ exitCode, said: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, said: "" });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("the unit's options are options of the program", () => {
  const unit = codeBlock("ini", "ExecStart=");
  const given = unit.match(/--[a-z-]+/g)!.map((name) => name.slice(2));
  expect(given.filter((name) => !(name in serveProgram.options))).toEqual([]);
});
