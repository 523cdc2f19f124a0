/** Running commands for the set-up: quietly while they succeed, with all they said when they fail. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's directory. */
export const project = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What stops the set-up: one message that says what is wrong and what to do. */
export class SetupError extends Error {}

/** More than any of our commands says; beyond it spawnSync would kill the command. */
const maxOutputBytes = 64 * 1024 * 1024;

/** Of what a failed command said: npm tells why at the beginning, apt and compilers at the end. */
const shownFirst = 8;
const shownLast = 12;

/**
 * Runs a command to its end in the project's directory.
 * @returns {{ ok: boolean, output: string }} output: what it said, both streams, or why it could not be started.
 */
export function runCommand(program, words, { env = {} } = {}) {
  const result = spawnSync(program, words, {
    cwd: project,
    env: { ...process.env, ...env },
    // Nobody is there to answer a question; sudo asks for a password on the terminal itself.
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: maxOutputBytes,
  });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error ? result.error.message : ""}`.trim();
  return { ok: result.status === 0, output };
}

/** The first and last lines of what a command said, indented. */
export function excerpt(output) {
  const lines = output.split("\n").map((line) => `    ${line}`);
  if (lines.length <= shownFirst + shownLast) return lines.join("\n");
  return [...lines.slice(0, shownFirst), "    …", ...lines.slice(-shownLast)].join("\n");
}

/** The file that the shell would run for this name, or null. */
export function which(name, path = process.env.PATH ?? "") {
  const files = path.split(delimiter).map((directory) => join(directory, name));
  return files.find(isExecutable) ?? null;
}

/** Tells people what is being done. */
export function say(message) {
  process.stderr.write(`set-up: ${message}\n`);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
