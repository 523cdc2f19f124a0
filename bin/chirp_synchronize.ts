#!/usr/bin/env bun
/** chirp_synchronize: makes directories of Chirp servers equal to one of another. Parses, prints, and ends with an exit code. */
import { LibraryError, requireLibrary } from "../src/chirp/library.ts";
import { UsageError } from "../src/cli/arguments.ts";
import { mistakeExitCode, programCommand, runMain } from "../src/cli/command.ts";
import { readCommand } from "../src/sync/options/command.ts";
import { program } from "../src/sync/options/command_line.ts";
import { createOutput } from "../src/sync/output/output.ts";
import { runCycles } from "../src/sync/cycles.ts";

const main = programCommand(program, async (given) => {
  const command = readCommand(given, process.env, process.cwd());
  if ([command.source, ...command.targets].some(({ address }) => address !== null)) checkLibrary();
  const stop = new AbortController();
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      // The second one does not wait for what is in hand.
      if (stop.signal.aborted) abort.abort();
      stop.abort();
    });
  }
  process.exitCode = await runCycles({
    command,
    output: createOutput(command),
    stop: stop.signal,
    abort: abort.signal,
  });
});

// What nobody foresaw must not look like "they differ" (1).
await runMain(program, main, { failureCode: mistakeExitCode });
await Promise.all([process.stdout, process.stderr].map(written));
// Connections that hang may keep threads alive; all that was to be done is done.
process.exit();

/** Done when a pipe's reader, which may be slow, has taken all; or when it is gone. */
async function written(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    // The callback of a write comes before a pipe has taken it, that of the end after.
    stream.end(() => resolve());
  });
}

/** Without the library nothing was begun: the set-up is to be mended, which is the user's part. */
function checkLibrary(): void {
  try {
    requireLibrary();
  } catch (error) {
    throw error instanceof LibraryError ? new UsageError(error.message) : error;
  }
}
