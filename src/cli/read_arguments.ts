import { type Arguments, asksFor, callOf, parseArguments, type Program, UsageError } from "./arguments.ts";
import { renderHelp } from "./help.ts";

/** The exit code for a command line that is not understood. */
export const usageExitCode = 2;

/**
 * The arguments of this process, for the first line of a program's main. `--help` and `--version` print and end
 * the process with 0; what is not understood is one message on standard error and the end with 2.
 */
export function readArguments<const P extends Program>(program: P, argv = process.argv.slice(2)): Arguments<P> {
  if (asksFor("help", program, argv)) {
    process.stdout.write(renderHelp(program));
    process.exit(0);
  }
  if (program.version !== undefined && asksFor("version", program, argv)) {
    process.stdout.write(`${program.version}\n`);
    process.exit(0);
  }
  try {
    return parseArguments(program, argv);
  } catch (error) {
    exitForUsage(program, error);
  }
}

/** Ends the process with 2 and the message when the error is a UsageError (also one found later, in a file); else throws it. */
export function exitForUsage(program: Program, error: unknown): never {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${program.name}: ${error.message}\nTry "${callOf(program)} --help".\n`);
  process.exit(usageExitCode);
}
