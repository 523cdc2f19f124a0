/**
 * Programs as citty commands. citty holds the tree of commands and runs the one that is meant; the words are read by
 * arguments.ts, since citty passes over options and words that it does not know ("--dry-rn --delete" would delete).
 */
import { type ArgsDef, type CommandDef, defineCommand, runCommand } from "citty";
import { type Arguments, type Program, UsageError } from "./arguments.ts";
import { exitForUsage, readArguments } from "./read_arguments.ts";

/** A command that does one thing. `run` gets what parseArguments made of the words. */
export function programCommand<const P extends Program>(
  program: P,
  run: (given: Arguments<P>) => void | Promise<void>,
): CommandDef {
  return defineCommand({
    meta: { name: program.name, description: program.description },
    args: argsOf(program),
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

/**
 * Runs a command with the words of this process. A UsageError ends it with 2; any other error with its message and
 * `failureCode`. A command sets process.exitCode for what is neither.
 */
export async function runMain(
  name: string,
  command: CommandDef,
  { argv = process.argv.slice(2), failureCode = 1 }: { readonly argv?: string[]; readonly failureCode?: number } = {},
): Promise<void> {
  try {
    await runCommand(command, { rawArgs: argv });
  } catch (error) {
    if (error instanceof UsageError) exitForUsage(name, error);
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = failureCode;
  }
}

function argsOf({ options }: Program): ArgsDef {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, letter, description }]) => [
      name,
      { type: type === "flag" ? "boolean" : "string", description, ...(letter === undefined ? {} : { alias: letter }) },
    ]),
  );
}
