/** The gate: what every change has to pass. Stops at the first part that fails, and names it. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { project, which } from "./setup/command.mjs";
import { bun } from "./setup/npm_packages.mjs";
import { setUp } from "./setup.mjs";

const parts = [
  { name: "format", command: [bun, "fmt", "--check"], remedy: "node_modules/.bin/bun fmt" },
  { name: "types", command: [bun, "check"] },
  { name: "lint", ...lint() },
  { name: "format of C", ...clangFormat(), remedy: "clang-format -i native/*.[ch] native/test/*.c bench/native/*.c" },
  { name: "tests", command: ["npm", "test"], slow: true },
];

const words = process.argv.slice(2);
if (words.some((word) => word !== "--no-tests")) {
  process.stderr.write(`usage: npm run ok [-- --no-tests]\n`);
  process.exit(2);
}
setUp();
const skipped = [];
for (const { name, command, missing, remedy, slow } of parts) {
  if (slow && words.includes("--no-tests")) continue;
  process.stdout.write(`\n── ${name}\n`);
  if (missing) {
    process.stdout.write(`skipped: ${missing}\n`);
    skipped.push(name);
    continue;
  }
  const [program, ...rest] = command;
  const { status, error } = spawnSync(program, rest, { cwd: project, stdio: "inherit" });
  if (status === 0) continue;
  const why = error ? error.message : `exit code ${status}`;
  process.stderr.write(`\nnot ok: ${name} (${why})${remedy ? `; to mend it: ${remedy}` : ""}\n`);
  process.exit(1);
}
process.stdout.write(`\nok${skipped.length > 0 ? `, but skipped: ${skipped.join(", ")}` : ""}\n`);

/** npm leaves oxlint's program out where Node.js is older than oxlint wants it; Debian 12 has 18. */
function lint() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    return { missing: `oxlint needs Node.js 20.19 or newer, and this is ${process.versions.node}` };
  }
  return { command: [join(project, "node_modules/.bin/oxlint"), "--type-aware", "--deny-warnings"] };
}

/** Not part of the set-up: the check is not worth 100 MB of packages to everybody. */
function clangFormat() {
  const program = which("clang-format");
  if (program === null) return { missing: "there is no clang-format here (Debian package clang-format)" };
  const sources = ["native", "native/test", "bench/native"].flatMap(sourcesIn);
  return { command: [program, "--dry-run", "-Werror", ...sources] };
}

function sourcesIn(directory) {
  const files = readdirSync(join(project, directory)).filter((name) => /\.[ch]$/.test(name));
  return files.map((name) => join(project, directory, name));
}
