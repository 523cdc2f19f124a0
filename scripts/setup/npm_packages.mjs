/** node_modules as package-lock.json has it, with a Bun that runs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { excerpt, project, runCommand, say, SetupError } from "./command.mjs";

/** Bun as npm installs it; the name is the same on every system. */
export const bun = join(project, "node_modules", "bun", "bin", "bun.exe");

/** @returns {boolean} whether something had to be done */
export function installNpmPackages() {
  const stale = !modulesAreCurrent();
  if (stale) npmCi();
  const unlinked = !bunRuns();
  if (unlinked) installBun();
  return stale || unlinked;
}

/** Whether node_modules holds what the lock file asks for, going by what npm noted there. */
function modulesAreCurrent() {
  const wanted = readPackages(join(project, "package-lock.json"));
  if (wanted === null) throw new SetupError("package-lock.json is missing: check the project out again");
  const present = readPackages(join(project, "node_modules", ".package-lock.json"));
  if (present === null) return false;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === "") return true;
    // Packages for other systems are optional, and not there.
    if (present[path] === undefined) return optional === true;
    return present[path].version === version && existsSync(join(project, path));
  });
}

function npmCi() {
  say("installing the npm packages (Bun among them, 100 MB)");
  // Under "npm run" the same npm as the user called, else that of $PATH.
  const npm = process.env.npm_execpath;
  const words = ["ci", "--no-audit", "--no-fund"];
  const { ok, output } = npm?.endsWith(".js")
    ? runCommand(process.execPath, [npm, ...words])
    : runCommand("npm", words);
  if (ok) return;
  throw new SetupError(
    `cannot install the npm packages:\n${excerpt(output)}\n` +
      "  Check that npm is installed and can reach its registry (npm ping), and that this directory is writable.",
  );
}

function bunRuns() {
  const { ok, output } = runCommand(bun, ["--version"]);
  return ok && output === wantedBunVersion();
}

function wantedBunVersion() {
  return JSON.parse(readFileSync(join(project, "package.json"), "utf8")).dependencies.bun;
}

/** Newer npm versions do not run the install scripts of packages; Bun's puts the program for this machine in its place. */
function installBun() {
  say("putting Bun in place");
  const { output } = runCommand(process.execPath, [join(project, "node_modules", "bun", "install.js")]);
  if (bunRuns()) return;
  throw new SetupError(
    `Bun ${wantedBunVersion()} does not run on this machine (${process.platform} ${process.arch}):\n` +
      `${excerpt(output || runCommand(bun, ["--version"]).output)}\n` +
      '  Remove node_modules and try again; when npm was told to leave out optional packages ("npm config get omit"), ' +
      "tell it not to.",
  );
}

function readPackages(file) {
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages ?? null;
  } catch (error) {
    // A half-written note of an interrupted npm: as good as none.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
