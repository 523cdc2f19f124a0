#!/usr/bin/env bun
/** chirp_synchronize: makes directories of Chirp servers equal to one of another. Parses, prints, and ends with an exit code. */
import { LibraryError, requireLibrary } from "../src/chirp/library.ts";
import { UsageError } from "../src/cli/arguments.ts";
import { openTextOutput } from "../src/cli/text_output.ts";
import { mistakeExitCode, programCommand, runMain } from "../src/cli/command.ts";
import { readCommand } from "../src/sync/options/command.ts";
import { program } from "../src/sync/options/command_line.ts";
import { exitCodes, worstExitCode } from "../src/sync/output/exit_code.ts";
import { createOutput } from "../src/sync/output/output.ts";
import { runCycles } from "../src/sync/cycles.ts";

const out = openTextOutput(Bun.stdout);
const errors = openTextOutput(Bun.stderr);

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
    output: createOutput(command, { out, errors }),
    stop: stop.signal,
    abort: abort.signal,
  });
});

// What nobody foresaw must not look like "they differ" (1).
await runMain(program, main, { failureCode: mistakeExitCode });
await endOutput();
// Connections that hang may keep threads alive; all that was to be done is done.
process.exit();

/** Waits until the readers, who may be slow, have taken all. What could not be told must not look like success. */
async function endOutput(): Promise<void> {
  const untold = await out.end();
  // A reader that leaves (`| head`) has seen what it wanted.
  const isLost = untold !== null && !("code" in untold && untold.code === "EPIPE");
  if (isLost) errors.write(`${program.name}: standard output: ${untold.message}: some lines are lost\n`);
  await errors.end();
  if (isLost) process.exitCode = worstExitCode([Number(process.exitCode ?? 0), exitCodes.output]);
}

/** Without the library nothing was begun: the set-up is to be mended, which is the user's part. */
function checkLibrary(): void {
  try {
    requireLibrary();
  } catch (error) {
    throw error instanceof LibraryError ? new UsageError(error.message) : error;
  }
}
