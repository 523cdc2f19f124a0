import { expect, test } from "bun:test";
import { parseArguments, UsageError } from "../../cli/arguments.ts";
import { readCommand } from "./command.ts";
import { program } from "./command_line.ts";

function read(words: readonly string[]) {
  return readCommand(parseArguments(program, [...words]), {}, "/here");
}

test.each([
  [["-v", "-q", "a", "/x", "b", "/y"], "--verbose and --quiet cannot both be given"],
  [["--check", "--every", "5", "a", "/x", "b", "/y"], "--check and --every cannot both be given"],
  [["--server-side", "--bwlimit", "1M", "a", "/x", "b", "/y"], "--server-side and --bwlimit cannot both be given"],
  [["--server-side", "local", "dist", "b", "/y"], "--server-side: a local source has no server"],
  [["-L", "--no-links", "a", "/x", "b", "/y"], "--copy-links and --no-links cannot both be given"],
  [["a", "/x", "a", "/x/y"], "the target lies inside the source"],
])("%j is refused: %s", (words, message) => {
  expect(() => read(words)).toThrow(UsageError);
  expect(() => read(words)).toThrow(message);
});

test("what stands together is understood", () => {
  const { source, targets, options } = read(["--server-side", "-r", "a", "/x", "b", "/y", "local", "dist"]);
  expect([source.server, source.directory]).toEqual(["a:9094", "/x"]);
  expect(targets.map(({ server, directory }) => [server, directory])).toEqual([
    ["b:9094", "/y"],
    ["local", "/here/dist"],
  ]);
  expect([options.serverSide, options.transfers, options.recursive]).toEqual([true, 1, true]);
});
