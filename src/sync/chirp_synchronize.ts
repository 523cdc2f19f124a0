/** chirp_synchronize, the program: parses, prints, and ends with an exit code. */
import { LibraryError, requireLibrary } from "../chirp/library.ts";
import { adoptSpareWorkers } from "../chirp/spare_workers.ts";
import { UsageError } from "../cli/arguments.ts";
import { openTextOutput } from "../cli/text_output.ts";
import { mistakeExitCode, programCommand, runMain } from "../cli/command.ts";
import { compileAsUsual } from "../program/jit_policy.ts";
import { readCommand } from "./options/command.ts";
import { program } from "./options/command_line.ts";
import { exitCodes, worstExitCode } from "./output/exit_code.ts";
import { createOutput } from "./output/output.ts";
import { runCycles } from "./cycles.ts";

const out = openTextOutput(Bun.stdout);
const errors = openTextOutput(Bun.stderr);

const command = programCommand(program, async (given) => {
  const asked = readCommand(given, process.env, process.cwd());
  if ([asked.source, ...asked.targets].some(({ address }) => address !== null)) checkLibrary();
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
    command: asked,
    output: createOutput(asked, { out, errors }),
    stop: stop.signal,
    abort: abort.signal,
  });
});

/** A run that has not ended by then has more to do than most. */
const SHORT_RUN_MS = 1000;

/** Runs it with the words of this process, and ends the process. */
export async function main(workers: Worker[]): Promise<never> {
  adoptSpareWorkers(workers);
  setTimeout(compileAsUsual, SHORT_RUN_MS).unref();
  // What nobody foresaw must not look like "they differ" (1).
  await runMain(program, command, { failureCode: mistakeExitCode });
  await endOutput();
  // Connections that hang may keep threads alive; all that was to be done is done.
  process.exit();
}

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
