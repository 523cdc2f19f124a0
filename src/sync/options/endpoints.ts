/** Source and targets out of the words of the command line. */
import { type Arguments, UsageError } from "../../cli/arguments.ts";
import { bytePath } from "../../chirp/byte_path.ts";
import { AddressError } from "../../chirp/server_address.ts";
import { parseServersFile, ServersFileError } from "../../servers_file.ts";
import { type Endpoint, normalizePath, parseEndpoint } from "../store/endpoint.ts";
import type { program } from "./command_line.ts";
import { isInside, relate } from "./overlap.ts";
import { readText } from "./read_text.ts";

type Given = Arguments<typeof program>;

/** Throws UsageError where source and targets are, by their names alone, not apart. */
export function readEndpoints(given: Given, cwd: string): { source: Endpoint; targets: Endpoint[] } {
  const [serverA = "", directoryA = "", ...words] = given.positionals;
  const source = endpoint(serverA, directoryA, cwd);
  const targets =
    given.options.servers === null ? readPairs(words, cwd) : readServers(given.options.servers, source, words, cwd);
  for (const [index, target] of targets.entries()) {
    const [first, what] = overlapping([source, ...targets.slice(0, index)], target);
    if (first === undefined) continue;
    if (first === source)
      throw new UsageError(`${what}: "${first.directory}" and "${target.directory}" on ${target.server}`);
    throw new UsageError(
      `two targets are one, or one lies in the other: "${first.directory}" and "${target.directory}" on ${target.server}`,
    );
  }
  return { source, targets };
}

function overlapping(others: readonly Endpoint[], target: Endpoint): [Endpoint | undefined, string] {
  for (const other of others) {
    const relation = isSameServer(other, target) ? relate(other.directory, target.directory) : null;
    if (relation !== null) return [other, relation];
  }
  return [undefined, ""];
}

function readPairs(words: readonly string[], cwd: string): Endpoint[] {
  if (words.length === 0) throw new UsageError("target missing; expected: serverA dirA serverB dirB");
  if (words.length % 2 === 1) {
    throw new UsageError(`"${words.at(-1)}" has no directory; targets are pairs: serverB dirB [serverC dirC …]`);
  }
  const targets: Endpoint[] = [];
  for (let index = 0; index < words.length; index += 2) targets.push(endpoint(words[index]!, words[index + 1]!, cwd));
  return targets;
}

function readServers(file: string, source: Endpoint, words: readonly string[], cwd: string): Endpoint[] {
  const [directory, ...more] = words;
  if (directory === undefined || more.length > 0) {
    throw new UsageError("with --servers the words are: serverA dirA dirB");
  }
  try {
    const all = parseServersFile(readText(file, "--servers").toString("utf8"), file);
    // Its other names show only when they are resolved.
    const targets = all.filter(({ server }) => server.toLowerCase() !== source.server.toLowerCase());
    if (targets.length === 0) throw new UsageError(`--servers ${file} names no server but the source`);
    return targets.map(({ server }) => endpoint(server, directory, cwd));
  } catch (error) {
    if (error instanceof ServersFileError) throw new UsageError(error.message);
    throw error;
  }
}

function endpoint(server: string, directory: string, cwd: string): Endpoint {
  if (directory === "") throw new UsageError(`the directory on "${server}" is empty`);
  try {
    return parseEndpoint(server, directory, cwd);
  } catch (error) {
    if (error instanceof AddressError) throw new UsageError(`"${server}" is no server: ${error.message}`);
    throw error;
  }
}

/** What is moved into the target itself, or above it, would be taken for its contents; the source is only read. */
export function checkBackupDirectory(text: string | null, source: Endpoint, targets: readonly Endpoint[]): void {
  if (text === null) return;
  for (const target of targets) {
    const directory = normalizePath(bytePath(text), target.directory);
    const holdsTarget = directory === target.directory || isInside(target.directory, directory);
    if (holdsTarget) {
      throw new UsageError(
        `--backup-dir "${text}" is the target "${target.directory}" or holds it; name another place`,
      );
    }
    if (isSameServer(source, target) && relate(source.directory, directory) !== null) {
      throw new UsageError(`--backup-dir "${text}" and the source "${source.directory}" are not apart`);
    }
  }
}

function isSameServer(a: Endpoint, b: Endpoint): boolean {
  return a.server.toLowerCase() === b.server.toLowerCase();
}
