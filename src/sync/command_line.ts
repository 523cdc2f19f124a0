/** The command line of chirp_synchronize: what may be given, and what it says. */
import type { Program } from "../cli/arguments.ts";
import { UsageError } from "../cli/arguments.ts";
import { parseCount, parseSeconds, parseSize, parseText } from "../cli/values.ts";
import type { DeletionLimit } from "./options.ts";

const COUNT_MAX = 64;

export const program = {
  name: "chirp_synchronize",
  description:
    "Copies the contents of dirA on serverA into dirB on serverB (and dirC on serverC …) where they are missing or changed. " +
    "A server is host[:port], default port 9094, or the word local for a directory of this machine.",
  positionals: { usage: "serverA dirA serverB dirB [serverC dirC …]", min: 2, max: 2002 },
  options: {
    recursive: { type: "flag", letter: "r", description: "directories too, with all that is in them" },
    "dry-run": { type: "flag", letter: "n", description: "tell what would be done, and write nothing" },
    check: { type: "flag", description: "only compare: lines = - + * ! and counts; exit 1 when they differ" },
    every: {
      type: "value",
      hint: "TIME",
      parse: parsePositiveSeconds,
      defaultHint: "once",
      description: "again and again, a cycle begins so long after the one before",
    },
    servers: {
      type: "value",
      hint: "FILE",
      parse: parseText,
      description: "targets from a servers.txt, the source left out: serverA dirA dirB",
    },
    verbose: { type: "flag", letter: "v", group: "Output", description: "name every change" },
    quiet: { type: "flag", letter: "q", group: "Output", description: "errors only" },
    "itemize-changes": { type: "flag", group: "Output", description: "name every change, with rsync's eleven letters" },
    stats: { type: "flag", group: "Output", description: "more numbers at the end" },
    progress: {
      type: "flag",
      letter: "P",
      group: "Output",
      description: "files, bytes, rate and time left, while it runs",
    },
    json: { type: "flag", group: "Output", description: "one JSON object a line, for programs" },
    checksum: {
      type: "flag",
      letter: "c",
      group: "What is copied",
      description: "compare by the servers' hashes where sizes are equal",
    },
    "size-only": { type: "flag", group: "What is copied", description: "equal sizes count as unchanged" },
    "ignore-times": {
      type: "flag",
      letter: "I",
      group: "What is copied",
      description: "copy all, also what seems unchanged",
    },
    update: {
      type: "flag",
      letter: "u",
      group: "What is copied",
      description: "leave files that are newer on the target",
    },
    existing: { type: "flag", group: "What is copied", description: "make nothing that the target does not have" },
    "ignore-existing": { type: "flag", group: "What is copied", description: "leave files that the target has" },
    "modify-window": {
      type: "value",
      hint: "SECONDS",
      default: "0",
      parse: parseWindow,
      group: "What is copied",
      description: "times that differ by no more are equal",
    },
    exclude: {
      type: "list",
      hint: "PATTERN",
      parse: parseText,
      group: "What is copied",
      description: "leave out, and protect from deletion; rsync's patterns, the first match decides",
    },
    include: {
      type: "list",
      hint: "PATTERN",
      parse: parseText,
      group: "What is copied",
      description: "do not leave out",
    },
    "exclude-from": {
      type: "list",
      hint: "FILE",
      parse: parseText,
      group: "What is copied",
      description: "exclude patterns, one a line",
    },
    "include-from": {
      type: "list",
      hint: "FILE",
      parse: parseText,
      group: "What is copied",
      description: "include patterns, one a line",
    },
    "files-from": {
      type: "value",
      hint: "FILE",
      parse: parseText,
      group: "What is copied",
      description: "only these paths, one a line; - is standard input",
    },
    "max-size": {
      type: "value",
      hint: "SIZE",
      parse: parseSize,
      group: "What is copied",
      description: "leave out larger files",
    },
    "min-size": {
      type: "value",
      hint: "SIZE",
      default: "0",
      parse: parseSize,
      group: "What is copied",
      description: "leave out smaller files",
    },
    "max-depth": {
      type: "value",
      hint: "N",
      parse: parseDepth,
      group: "What is copied",
      description: "levels of directories; 1 is the top alone",
    },
    settle: {
      type: "value",
      hint: "TIME",
      default: "2",
      parse: parseSettle,
      group: "What is copied",
      description: "wait until a file has been left alone so long",
    },
    delete: { type: "flag", group: "Deleting", description: "remove from the target what the source does not have" },
    "max-delete": {
      type: "value",
      hint: "N|P%",
      default: "50%",
      parse: parseDeletionLimit,
      group: "Deleting",
      description: "above it nothing is deleted (5 are always allowed under a percentage)",
    },
    "allow-empty-source": { type: "flag", group: "Deleting", description: "delete though the source is empty" },
    "ignore-errors": { type: "flag", group: "Deleting", description: "delete though something failed before" },
    force: {
      type: "flag",
      group: "Deleting",
      description: "replace a directory of the target by a file of the source",
    },
    "backup-dir": {
      type: "value",
      hint: "DIR",
      parse: parseText,
      group: "Deleting",
      description: "move there, on the same target, what is replaced or deleted",
    },
    perms: {
      type: "flag",
      letter: "p",
      group: "How it is copied",
      description: "keep modes, as far as Chirp stores them",
    },
    acls: { type: "flag", group: "How it is copied", description: "keep the access lists of directories" },
    "no-times": { type: "flag", group: "How it is copied", description: "do not keep times" },
    "copy-links": { type: "flag", letter: "L", group: "How it is copied", description: "copy what links lead to" },
    "no-links": { type: "flag", group: "How it is copied", description: "leave links out" },
    verify: {
      type: "flag",
      group: "How it is copied",
      description: "compare hashes before a copied file is put in place",
    },
    "server-side": {
      type: "flag",
      group: "How it is copied",
      description: "the source server sends to the target itself, one file at a time",
    },
    transfers: {
      type: "value",
      hint: "N",
      default: "4",
      parse: parseWorkers,
      group: "How it is copied",
      description: "files at a time, for each target",
    },
    checkers: {
      type: "value",
      hint: "N",
      default: "4",
      parse: parseWorkers,
      group: "How it is copied",
      description: "directories being listed at a time",
    },
    bwlimit: {
      type: "value",
      hint: "RATE",
      parse: parseRate,
      group: "How it is copied",
      defaultHint: "none",
      description: "bytes a second read from the source, KiB without a unit",
    },
    timeout: {
      type: "value",
      letter: "t",
      hint: "TIME",
      default: "60",
      parse: parsePositiveSeconds,
      group: "Connections",
      description: "a server silent for so long is given up",
    },
    contimeout: {
      type: "value",
      hint: "TIME",
      default: "10",
      parse: parsePositiveSeconds,
      group: "Connections",
      description: "the same for the first connection",
    },
    retries: {
      type: "value",
      hint: "N",
      default: "3",
      parse: parseRetries,
      group: "Connections",
      description: "tries after a lost connection, after 1, 2, 4 … s",
    },
    auth: {
      type: "value",
      letter: "a",
      hint: "LIST",
      default: "unix,hostname,address,ticket",
      parse: parseAuth,
      group: "Connections",
      description: "authentication methods in the order to be tried",
    },
    tickets: {
      type: "value",
      letter: "i",
      hint: "FILES",
      parse: parseText,
      group: "Connections",
      defaultHint: "CHIRP_CLIENT_TICKETS",
      description: "ticket files, separated by commas",
    },
    debug: { type: "flag", letter: "d", group: "Connections", description: "also say how failures came about" },
  },
} as const satisfies Program;

/** "20" → count 20; "10%" → percent 10. */
export function parseDeletionLimit(text: string, option: string): DeletionLimit {
  const match = /^(\d{1,15})(%?)$/.exec(text);
  const number = Number(match?.[1]);
  if (match === null || (match[2] === "%" && number > 100)) {
    throw new UsageError(`${option} "${text}" is neither a number nor a share from 0% to 100%`);
  }
  return match[2] === "%" ? { kind: "percent", percent: number } : { kind: "count", count: number };
}

/** Bytes a second; a number without a unit counts KiB, as in rsync; 0 is no limit. */
export function parseRate(text: string, option: string): number {
  return parseSize(/^[\d.]+$/.test(text) ? `${text}k` : text, option);
}

const authMethods = ["unix", "hostname", "address", "ticket"];

function parseAuth(text: string, option: string): string[] {
  const methods = text.split(",");
  const unknown = methods.find((method) => !authMethods.includes(method));
  if (unknown !== undefined) throw new UsageError(`${option}: "${unknown}" is none of ${authMethods.join(", ")}`);
  return methods;
}

function parsePositiveSeconds(text: string, option: string): number {
  return parseSeconds(text, option, { min: 1, max: 31_536_000 });
}

function parseSettle(text: string, option: string): number {
  return parseSeconds(text, option, { max: 3600 });
}

function parseWindow(text: string, option: string): number {
  return parseSeconds(text, option, { max: 86_400 });
}

function parseDepth(text: string, option: string): number {
  return parseCount(text, option, { min: 1 });
}

function parseWorkers(text: string, option: string): number {
  return parseCount(text, option, { min: 1, max: COUNT_MAX });
}

function parseRetries(text: string, option: string): number {
  return parseCount(text, option, { max: 20 });
}
