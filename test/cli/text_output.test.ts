/** Standard output in all the ways that a shell can give it: nothing is lost, nothing waits, and what fails is told once. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../helpers/run.ts";

const module = join(import.meta.dir, "../../src/cli/text_output.ts");
const LINES = 20_000;

let directory: string;
let program: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "chirp-site-text-"));
  program = join(directory, "program.ts");
  writeFileSync(
    program,
    `import { writeFileSync } from "node:fs";
     import { openTextOutput } from "${module}";
     const out = openTextOutput(Bun.stdout, Number(process.argv[3] ?? Infinity));
     for (let line = 0; line < ${LINES}; line++) out.write(\`line \${line}\\n\`);
     // Whoever waits for a reader would not come here.
     writeFileSync(process.argv[2], "goes on\\n");
     const failure = await Promise.race([out.end(), Bun.sleep(5000)]);
     writeFileSync(process.argv[2], \`\${failure instanceof Error ? failure.message : failure}\\n\`);
     process.exit();`,
  );
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The pipeline's own output, and what the program said of its end. `$P` is the program. */
async function shell(line: string, ...words: readonly string[]) {
  const said = join(directory, "said");
  rmSync(said, { force: true });
  const env = { ...process.env, P: [process.execPath, program, said, ...words].join(" ") };
  const { stdout } = await run(["bash", "-c", line], { env, cwd: directory });
  return { stdout, end: readFileSync(said, "utf8").trim() };
}

const all = Array.from({ length: LINES }, (_, line) => `line ${line}\n`).join("");

test.each([
  ["a pipe", "$P | cat"],
  ["a slow reader", "$P | (sleep 1; cat)"],
  ["a file", "$P > out; cat out"],
  ["a file shared with others", "(echo before; $P; echo after) > out; sed '1d;$d' out"],
  ["a file that is appended to", "echo before > out; $P >> out; sed 1d out"],
])("%s gets every line in order", async (_name, line) => {
  const { stdout, end } = await shell(line);
  expect(end).toBe("null");
  expect(stdout === all).toBe(true);
});

test.each([
  ["the reader leaves", "$P | head -n 1", /^EPIPE/],
  ["the disk is full", "$P > /dev/full", /^ENOSPC/],
])("%s: told at the end", async (_name, line, end) => {
  expect((await shell(line)).end).toMatch(end);
});

test("nobody reads: memory has its limit, and the program goes on", async () => {
  const { stdout, end } = await shell("$P | (sleep 1; cat)", "100000");
  expect(end).toBe("nobody reads it");
  expect(all.startsWith(stdout)).toBe(true);
  expect(stdout.length).toBeGreaterThan(60_000);
  expect(stdout.length).toBeLessThan(200_000);
});
