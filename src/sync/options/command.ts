/** From chirp_synchronize's arguments, and the files they name, to what is to be done. */
import { type Arguments, UsageError } from "../../cli/arguments.ts";
import { bytePath } from "../../chirp/byte_path.ts";
import type { BytePath } from "../../protocol.ts";
import type { program } from "./command_line.ts";
import type { ConnectionOptions } from "../store/connections.ts";
import type { Endpoint } from "../store/endpoint.ts";
import { checkBackupDirectory, readEndpoints } from "./endpoints.ts";
import { type FilterRule, parseFilterFile, parseFilterRule } from "../selection/filter.ts";
import type { SyncOptions } from "./options.ts";
import { readText } from "./read_text.ts";

type Given = Arguments<typeof program>;

export interface Command {
  readonly source: Endpoint;
  readonly targets: readonly Endpoint[];
  /** The targets are a list (--servers) in which the source may stand under another name. */
  readonly leaveOutSource: boolean;
  readonly options: SyncOptions;
  readonly connections: ConnectionOptions;
  readonly check: boolean;
  /** Seconds between the beginnings of two cycles; null: once. */
  readonly everySeconds: number | null;
  readonly output: OutputOptions;
}

export interface OutputOptions {
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly itemize: boolean;
  readonly stats: boolean;
  readonly progress: boolean;
  readonly json: boolean;
  readonly debug: boolean;
}

/** Throws UsageError for all that is wrong with the words or the files they name. */
export function readCommand(given: Given, environment: NodeJS.ProcessEnv, cwd: string): Command {
  const { options } = given;
  checkTogether(given);
  checkEncoding(given);
  const { source, targets } = readEndpoints(given, cwd);
  checkBackupDirectory(options.backupDir, source, targets);
  if (options.serverSide && source.address === null) {
    throw new UsageError("--server-side: a local source has no server that could send its files; leave the option out");
  }
  return {
    source,
    targets,
    leaveOutSource: options.servers !== null,
    options: { ...readOptions(given), ...(options.check ? { delete: true, dryRun: true } : {}) },
    connections: {
      auth: options.auth,
      tickets: options.tickets ?? environment["CHIRP_CLIENT_TICKETS"] ?? "",
      workers: Math.max(options.transfers, options.checkers),
      timeoutSeconds: options.timeout,
      connectTimeoutSeconds: Math.ceil(options.contimeout),
    },
    check: options.check,
    everySeconds: options.every,
    output: {
      verbose: options.verbose,
      quiet: options.quiet,
      itemize: options.itemizeChanges,
      stats: options.stats,
      progress: options.progress,
      json: options.json,
      debug: options.debug,
    },
  };
}

function readOptions(given: Given): SyncOptions {
  const { options } = given;
  return {
    recursive: options.recursive,
    dryRun: options.dryRun,
    checksum: options.checksum,
    sizeOnly: options.sizeOnly,
    ignoreTimes: options.ignoreTimes,
    update: options.update,
    existing: options.existing,
    ignoreExisting: options.ignoreExisting,
    modifyWindowSeconds: options.modifyWindow,
    delete: options.delete,
    maxDelete: options.maxDelete,
    allowEmptySource: options.allowEmptySource,
    ignoreErrors: options.ignoreErrors,
    force: options.force,
    backupDirectory: options.backupDir === null ? null : bytePath(options.backupDir),
    rules: readRules(given),
    filesFrom: options.filesFrom === null ? null : readLines(options.filesFrom, "--files-from"),
    minSize: options.minSize,
    maxSize: options.maxSize ?? Infinity,
    maxDepth: options.maxDepth ?? Infinity,
    perms: options.perms,
    acls: options.acls,
    times: !options.noTimes,
    links: options.copyLinks ? "follow" : options.noLinks ? "skip" : "keep",
    verify: options.verify,
    serverSide: options.serverSide,
    // thirdput is one connection from server to server; several at a time only slow each other down.
    transfers: options.serverSide ? 1 : options.transfers,
    checkers: options.checkers,
    bandwidth: options.bwlimit === null || options.bwlimit === 0 ? null : options.bwlimit,
    timeoutSeconds: options.timeout,
    connectTimeoutSeconds: Math.ceil(options.contimeout),
    retries: options.retries,
    settleSeconds: options.settle,
  };
}

/** Patterns count in the order in which they stand on the command line, whichever option gives them. */
function readRules(given: Given): FilterRule[] {
  const rules: FilterRule[] = [];
  for (const { name, text } of given.occurrences) {
    if (name === "exclude" || name === "include") rules.push(parseFilterRule(bytePath(text), name === "include"));
    if (name === "exclude-from" || name === "include-from") {
      rules.push(...parseFilterFile(readText(text, `--${name}`).toString("latin1"), name === "include-from"));
    }
  }
  return rules;
}

function checkTogether({ options }: Given): void {
  const pairs = [
    ["--verbose", options.verbose, "--quiet", options.quiet],
    ["--copy-links", options.copyLinks, "--no-links", options.noLinks],
    ["--check", options.check, "--every", options.every !== null],
    ["--server-side", options.serverSide, "--bwlimit", options.bwlimit !== null],
  ] as const;
  for (const [first, isFirst, second, isSecond] of pairs) {
    if (isFirst && isSecond) throw new UsageError(`${first} and ${second} cannot both be given`);
  }
}

/** Bun puts U+FFFD in place of bytes that are no UTF-8: what was meant is lost, and another file would be taken for it. */
function checkEncoding({ positionals, occurrences }: Given): void {
  const text = [...positionals, ...occurrences.map((occurrence) => occurrence.text)].find((each) =>
    each.includes("\ufffd"),
  );
  if (text === undefined) return;
  throw new UsageError(
    `"${text}" has bytes that are no UTF-8; such names can be given in files only (--files-from, --exclude-from)`,
  );
}

function readLines(file: string, option: string): BytePath[] {
  return readText(file, option)
    .toString("latin1")
    .split(/\r?\n/)
    .filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith(";"));
}
