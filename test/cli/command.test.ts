/** How a program ends that did not do what it was asked for: its message, and its exit code. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../helpers/run.ts";

const project = join(import.meta.dir, "../..");

let directory: string;
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), "chirp-site-cli-"))));
afterAll(() => rmSync(directory, { recursive: true }));

/** A program whose only act is this statement. */
async function runProgram(statement: string, ...words: readonly string[]) {
  const file = join(directory, "program.ts");
  writeFileSync(
    file,
    `import { programCommand, runMain } from "${project}/src/cli/command.ts";
     import { UsageError } from "${project}/src/cli/arguments.ts";
     const program = { name: "copy", call: "bun run copy --", description: "", options: {} };
     await runMain(program, programCommand(program, () => { ${statement} }), { failureCode: 5 });`,
  );
  return await run([process.execPath, file, ...words]);
}

const cases: readonly (readonly [statement: string, words: readonly string[], exitCode: number, says: RegExp])[] = [
  ["", [], 0, /^$/],
  ["process.exitCode = 3", [], 3, /^$/],
  ["", ["--bogus"], 2, /^copy: unknown option --bogus\nTry "bun run copy -- --help".\n$/],
  ["throw new UsageError('no port')", [], 2, /^copy: no port\nTry "bun run copy -- --help".\n$/],
  ["throw new Error('disk full')", [], 5, /^copy: disk full\n$/],
  ["undefined.size", [], 70, /^copy: TypeError: .*\n +at .*program\.ts/],
];

test.each(["src/http.ts", "bin/chirp_synchronize.ts", "bin/chirp_cluster.ts", "bin/demo.ts"])(
  "%s says its version and starts nothing",
  async (program) => {
    const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { version: string };
    const ended = await run([process.execPath, join(project, program), "--version"]);
    expect(ended).toEqual({ exitCode: 0, stdout: `chirp-site ${version} (Bun ${Bun.version})\n`, stderr: "" });
  },
);

test.each(cases)("%s %j: exit code %i", async (statement, words, exitCode, says) => {
  const ended = await runProgram(statement, ...words);
  expect(ended.stderr).toMatch(says);
  expect(ended.exitCode).toBe(exitCode);
});
