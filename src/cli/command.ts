/**
 * Programs as citty commands. citty holds the tree of commands and runs the one that is meant; the words are read by
 * arguments.ts, since citty passes over options and words that it does not know ("--dry-rn --delete" would delete). It is not told of the
 * options at all: it would parse them a second time, which every start would feel, into what nobody uses.
 */
import { type CommandDef, defineCommand, runCommand } from "citty";
import { type Arguments, type Program, UsageError } from "./arguments.ts";
import { exitForUsage, readArguments } from "./read_arguments.ts";

/** A command that does one thing. `run` gets what parseArguments made of the words. */
export function programCommand<const P extends Program>(
  program: P,
  run: (given: Arguments<P>) => void | Promise<void>,
): CommandDef {
  return defineCommand({
    meta: { name: program.name, description: program.description },
    run: async ({ rawArgs }) => await run(readArguments(program, rawArgs)),
  });
}

/** A command that only chooses among others by its first word. `program` speaks for it in --help and in messages. */
export function commandGroup(program: Program, subCommands: Readonly<Record<string, CommandDef>>): CommandDef {
  return defineCommand({
    meta: { name: program.name, description: program.description },
    subCommands: { ...subCommands },
    setup: ({ rawArgs }) => {
      const [word] = rawArgs;
      if (word !== undefined && Object.hasOwn(subCommands, word)) return;
      const { positionals } = readArguments(program, rawArgs);
      const names = Object.keys(subCommands).join(", ");
      throw new UsageError(`unknown command "${positionals[0]}"; there are ${names}`);
    },
  });
}

/** A mistake of ours, EX_SOFTWARE of sysexits.h: none of the codes to which a program gives a meaning. */
export const mistakeExitCode = 70;

/** What the language itself throws: no message for the user, but a place in our code. */
const mistakes = [TypeError, RangeError, ReferenceError, SyntaxError];

/**
 * Runs a command with the words of this process. A UsageError ends it with 2; a mistake of ours with its stack and
 * mistakeExitCode; any other error with its message and `failureCode`. A command sets process.exitCode for what is none of these.
 */
export async function runMain(
  program: Program,
  command: CommandDef,
  { argv = process.argv.slice(2), failureCode = 1 }: { readonly argv?: string[]; readonly failureCode?: number } = {},
): Promise<void> {
  try {
    await runCommand(command, { rawArgs: argv });
  } catch (error) {
    if (error instanceof UsageError) exitForUsage(program, error);
    const isMistake = mistakes.some((mistake) => error instanceof mistake);
    const text = error instanceof Error ? (isMistake && error.stack) || error.message : String(error);
    process.stderr.write(`${program.name}: ${text}\n`);
    process.exitCode = isMistake ? mistakeExitCode : failureCode;
  }
}
