/** chirp_synchronize: makes directories of Chirp servers equal to one of another. Parses, prints, and ends with an exit code. */
import { LibraryError, requireLibrary } from "../src/chirp/library.ts";
import { exitForUsage, readArguments, usageExitCode } from "../src/cli/read_arguments.ts";
import { type Command, readCommand } from "../src/sync/command.ts";
import { program } from "../src/sync/command_line.ts";
import { createOutput } from "../src/sync/output.ts";
import { runCycles } from "../src/sync/cycles.ts";

const given = readArguments(program);
const command = readOrExit();

if ([command.source, ...command.targets].some(({ address }) => address !== null)) requireLibraryOrExit();

const stop = new AbortController();
const abort = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // The second one does not wait for what is in hand.
    if (stop.signal.aborted) abort.abort();
    stop.abort();
  });
}

process.exitCode = await runCycles({ command, output: createOutput(command), stop: stop.signal, abort: abort.signal });
// Connections that hang may keep threads alive; all that was to be done is done.
process.exit();

function readOrExit(): Command {
  try {
    return readCommand(given, process.env, process.cwd());
  } catch (error) {
    return exitForUsage(program.name, error);
  }
}

function requireLibraryOrExit(): void {
  try {
    requireLibrary();
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error;
    process.stderr.write(`${program.name}: ${error.message}\n`);
    process.exit(usageExitCode);
  }
}
