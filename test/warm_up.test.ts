/** Runs docs/warm-up.md: every block of shell lines, in order, in one shell, against what the page says they print. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../src/cluster/free_port.ts";
import { run } from "./helpers/run.ts";

// Real processes on a busy machine: Bun's own 5 s are short, and a test that takes longer than this hangs.
setDefaultTimeout(60_000);

const project = join(import.meta.dir, "..");

interface Step {
  readonly shell: string;
  /** What it prints, "..." for anything; null where the page does not say. */
  readonly output: string | null;
}

/** The blocks ```sh, each with the block ```text that follows it; a block with a reason after "sh" is not run. */
function readSteps(markdown: string): Step[] {
  const blocks = [...markdown.matchAll(/^```(\S*)([^\n]*)\n(.*?)^```$/gms)].map(([, language, reason, text = ""]) => ({
    language,
    isRun: reason === "",
    text,
  }));
  return blocks.flatMap(({ language, isRun, text }, index) => {
    if (language !== "sh" || !isRun) return [];
    const next = blocks[index + 1];
    return [{ shell: text, output: next?.language === "text" ? next.text : null }];
  });
}

/** "..." in a line is any text of that line; a line of "..." alone is any number of lines. */
function asPattern(output: string): RegExp {
  const lines = output.split(/^\.\.\.\n/m).map((part) =>
    part
      .split("...")
      .map((text) => RegExp.escape(text))
      .join("[^\\n]*"),
  );
  return new RegExp(`^${lines.join("(?:[^\\n]*\\n)*")}$`);
}

test("every command of docs/warm-up.md does what the page says", async () => {
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-test-warm-up-"));
  await run(["chmod", "755", directory]);
  const port = String(await freePort());
  // The page's place and port may be somebody's own.
  const here = (text: string) => text.replaceAll("/tmp/warm-up", `${directory}/warm-up`).replaceAll("9094", port);
  const steps = readSteps(readFileSync(join(project, "docs/warm-up.md"), "utf8"));
  expect(steps.length).toBeGreaterThan(7);
  try {
    const marker = "-- end of step --";
    const script = steps.map(({ shell }) => `${here(shell)}echo "${marker}"\n`).join("");
    const { exitCode, stdout, stderr } = await run(["bash", "-ec", `exec 2>&1\n${script}`], { cwd: project });
    const outputs = stdout.split(`${marker}\n`);
    expect({ exitCode, stderr, last: outputs.at(-1) }).toEqual({ exitCode: 0, stderr: "", last: "" });
    for (const [index, { shell, output }] of steps.entries()) {
      // Another cctools may well have FUSE.
      if (output === null || (process.env["CCTOOLS"] && shell.startsWith("chirp_fuse"))) continue;
      expect(outputs[index] ?? "").toMatch(asPattern(here(output)));
    }
  } finally {
    const cluster = join(project, "bin/chirp_cluster.ts");
    await run([process.execPath, cluster, "down", "--dir", `${directory}/warm-up`]);
    rmSync(directory, { recursive: true, force: true });
  }
});

test("a pattern matches what it says and nothing else", () => {
  expect("unix:root\n").toMatch(asPattern("unix:...\n"));
  expect("unix:root\nmore\n").not.toMatch(asPattern("unix:...\n"));
  expect("a\nb\nc\n").toMatch(asPattern("...\nb\n...\n"));
  expect("a\nc\n").not.toMatch(asPattern("...\nb\n...\n"));
  expect("a.b\n").not.toMatch(asPattern("axb\n"));
});
