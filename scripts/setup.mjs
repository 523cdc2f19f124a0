/**
 * The set-up: npm packages with Bun, Chirp and a compiler from the system, the native library, the programs as built. Does only what is missing.
 * Plain Node.js without packages, since it runs before there are any.
 */
import { pathToFileURL } from "node:url";
import { say, SetupError } from "./setup/command.mjs";
import { buildNativeLibrary } from "./setup/native_library.mjs";
import { installNpmPackages } from "./setup/npm_packages.mjs";
import { buildPrograms } from "./setup/programs.mjs";
import { installSystemPackages } from "./setup/system_packages.mjs";

/** @returns {boolean} whether something had to be done; ends the process with one message when it cannot be done. */
export function setUp() {
  try {
    const done = [installNpmPackages(), installSystemPackages(), buildNativeLibrary(), buildPrograms()];
    return done.includes(true);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exit(1);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv.length > 2) {
    say(`takes no arguments, but got "${process.argv[2]}"`);
    process.exit(2);
  }
  say(setUp() ? "done" : "nothing to do");
}
