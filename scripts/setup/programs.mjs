/** dist/: the programs in one file each, with their bytecode, built when they are missing or not what their sources say. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { excerpt, project, runCommand, say, SetupError } from "./command.mjs";
import { bun } from "./npm_packages.mjs";

/** @returns {boolean} whether they had to be built */
export function buildPrograms() {
  if (!existsSync(join(project, "dist"))) say("building the programs");
  const { ok, output } = runCommand(bun, [join("scripts", "build_programs.ts")]);
  if (!ok) throw new SetupError(`cannot build the programs into dist/:\n${excerpt(output)}`);
  const isBuilt = output.startsWith("dist: ");
  if (output !== "" && !isBuilt) say(output);
  return isBuilt;
}
