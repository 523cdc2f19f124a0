/** chirp_synchronize's words by chance: understood, or refused with a message; a slip never passes for something else. */
import { expect, test } from "bun:test";
import { parseArguments, UsageError } from "../../src/cli/arguments.ts";
import { readCommand } from "../../src/sync/options/command.ts";
import { program } from "../../src/sync/options/command_line.ts";
import { fuzz, fuzzLimitMs, fuzzSeconds, mutate } from "./fuzz_run.ts";

const names = Object.keys(program.options);
const letters = Object.values(program.options).flatMap((option) => ("letter" in option ? [option.letter] : []));
const values = [
  "",
  "0",
  "1",
  "5%",
  "101%",
  "-1",
  "1e3",
  "2s",
  "1x",
  "64k",
  "hostA",
  "/a",
  "..",
  "--delete",
  "*.tmp",
  "a,b",
  "\0",
  "é",
];
const words = [
  "hostA",
  "/a",
  "hostB:9094",
  "/b",
  "hostA",
  "/a/b",
  "local",
  ".",
  "[::1]",
  "::1",
  "hostC:0",
  "",
  "-",
  "--",
];

test(
  "argument vectors",
  async () => {
    let understood = 0;
    const cases = await fuzz("argument vectors", fuzzSeconds(0.5), (random) => {
      const argv: string[] = random.chance(0.7) ? ["hostA", "/a", "hostB", "/b"] : [];
      let hasSlip = false;
      for (let count = random.int(0, 6); count > 0; count--) {
        const name = random.pick(names);
        const choice = random.next();
        if (choice < 0.4) argv.push(`--${name}`);
        else if (choice < 0.6) argv.push(`--${name}=${random.pick(values)}`);
        else if (choice < 0.7) argv.push(`-${random.pick(letters)}${random.pick([...letters, "", "z"])}`);
        else if (choice < 0.8) argv.push(random.pick(values));
        else if (choice < 0.9) argv.splice(random.int(0, argv.length), 0, random.pick(words));
        else {
          const slip = mutate(random, name, 1);
          if (names.includes(slip) || slip === "help" || /[=\0]/.test(slip) || slip === "") continue;
          // At the front, where it cannot be the value of an option.
          argv.unshift(`--${slip}`);
          hasSlip = true;
        }
      }
      let command;
      try {
        command = readCommand(parseArguments(program, argv), {}, "/");
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        expect(error.message).not.toBe("");
        return;
      }
      understood++;
      expect({ argv, hasSlip }).toEqual({ argv, hasSlip: false });
      expect(command.targets.length).toBeGreaterThan(0);
      // Nothing is deleted, and nothing written at a dry run, but where the words say so.
      if (!argv.some((word) => word === "--delete" || word === "--check")) expect(command.options.delete).toBe(false);
      if (argv.includes("--dry-run") && argv.indexOf("--") < 0) expect(command.options.dryRun).toBe(true);
    });
    expect(understood).toBeGreaterThan(cases / 1000);
  },
  fuzzLimitMs(0.5),
);
