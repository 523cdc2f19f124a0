/** native/build/libchirp_shim.so, built from native/ when it is missing or older than its sources. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { excerpt, project, runCommand, say, SetupError } from "./command.mjs";

const native = join(project, "native");
const library = join(native, "build", "libchirp_shim.so");
/** Which cctools the library was linked with; make sees only the times of files. */
const prefixNote = join(native, "build", "cctools_prefix");

/** @returns {boolean} whether it had to be built */
export function buildNativeLibrary() {
  const prefix = process.env.CCTOOLS || "/usr";
  const linkedWith = existsSync(prefixNote) ? readFileSync(prefixNote, "utf8") : null;
  if (linkedWith !== prefix) make("clean");
  const before = timeOf(library);
  if (before === null) say("building the native library");
  const { ok, output } = make("all");
  if (!ok) {
    throw new SetupError(
      `cannot build native/build/libchirp_shim.so against the cctools in ${prefix}:\n${excerpt(output)}\n` +
        '  See "make -C native"; a cctools of your own must be built with position independent code (-fPIC).',
    );
  }
  mkdirSync(join(native, "build"), { recursive: true });
  if (linkedWith !== prefix) writeFileSync(prefixNote, prefix);
  return timeOf(library) !== before;
}

function make(target) {
  return runCommand("make", ["-C", native, "--no-print-directory", target]);
}

function timeOf(file) {
  return existsSync(file) ? statSync(file).mtimeMs : null;
}
