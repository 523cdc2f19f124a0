import { UsageError } from "../../cli/arguments.ts";

/** The bytes of a file that an option names; - is standard input. UsageError when it cannot be read. */
export function readText(file: string, option: string): Buffer {
  try {
    return process.getBuiltinModule("node:fs").readFileSync(file === "-" ? 0 : file);
  } catch (error) {
    throw new UsageError(`${option}: cannot read "${file}": ${error instanceof Error ? error.message : String(error)}`);
  }
}
