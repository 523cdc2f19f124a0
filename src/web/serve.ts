/** The web server, the program: parses, starts, and reacts to signals and to changes of the list. */
import { readFileSync, statSync } from "node:fs";
import { requireLibrary } from "../chirp/library.ts";
import { programCommand, runMain } from "../cli/command.ts";
import { openTextOutput } from "../cli/text_output.ts";
import { usageExitCode } from "../cli/read_arguments.ts";
import { compileAsUsual } from "../program/jit_policy.ts";
import { parseServersFile, ServersFileError } from "../servers_file.ts";
import { readTlsFiles } from "./front/tls_files.ts";
import { loadMediaTypes } from "./http/media_type.ts";
import { checkServeOptions, serveProgram, type ServeOptions } from "./options/serve_options.ts";
import { watchFile } from "./watch_file.ts";
import { startWebServer } from "./web_server.ts";

/** Lines that nobody reads are few; still they must not fill the memory. */
const errors = openTextOutput(Bun.stderr, 1024 * 1024);
/** Whoever does not read at the end either is not waited for longer than this. */
const LAST_LINES_MS = 1000;

const command = programCommand(serveProgram, async ({ options }) => {
  checkServeOptions(options);
  await serve(options);
});

/** Runs it with the words of this process; returns when it listens. */
export async function main(): Promise<void> {
  // Whatever keeps it from starting is the user's to mend, as a wrong option is: the messages name the thing and the remedy.
  await runMain(serveProgram, command, { failureCode: usageExitCode });
}

/** Returns when it listens, and reacts to signals and changes of the list from then on. */
async function serve(options: ServeOptions): Promise<void> {
  requireLibrary();
  const text = readList(options.servers);
  const addresses = parseServersFile(text, options.servers);
  const tls = readTlsFiles(options.tlsCert, options.tlsKey);
  if (tls?.warning) log(tls.warning);
  const server = await startWebServer({ serve: options, addresses, tls, log, onUnexpected });
  process.on("uncaughtException", onUnexpected);
  process.on("unhandledRejection", onUnexpected);

  function reload(): void {
    try {
      const servers = parseServersFile(readList(options.servers), options.servers);
      server.update(servers);
      log(`${options.servers}: ${servers.length} ${servers.length === 1 ? "server" : "servers"}`);
    } catch (error) {
      if (!(error instanceof ServersFileError)) throw error;
      log(`${error.message}; the old list stays in use`);
    }
  }
  process.on("SIGHUP", reload);
  let isStopping = false;
  async function stop(): Promise<void> {
    // Asked twice, it ends at once.
    if (isStopping) process.exit(1);
    isStopping = true;
    watcher.close();
    await server.stop().catch(onUnexpected);
    await Promise.race([errors.end(), Bun.sleep(LAST_LINES_MS)]);
    process.exit(0);
  }
  process.on("SIGINT", () => void stop());
  process.on("SIGTERM", () => void stop());

  compileAsUsual();
  log(`listening on ${server.url}`);
  if (server.adminUrl !== null) log(`admin on ${server.adminUrl}`);
  // Not before it listens: in a directory with many entries it takes long. What was changed before it is watched is seen here.
  const watcher = watchFile(options.servers, reload, (reason) =>
    log(`${options.servers} is not watched (${reason}): after a change, send SIGHUP`),
  );
  if (isOtherThan(text, options.servers)) reload();
  loadMediaTypes();
}

function readList(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServersFileError(`cannot read ${file} (${reason}): name another file with --servers`);
  }
}

/** Also when it cannot be read now: reading it again says why. A pipe gives its list once, and whoever opens it again may wait for ever. */
function isOtherThan(text: string, file: string): boolean {
  try {
    return statSync(file).isFile() && readFileSync(file, "utf8") !== text;
  } catch {
    return true;
  }
}

function log(line: string): void {
  errors.write(`${line}\n`);
}

/** A mistake of ours that nobody foresaw concerns one request; the others go on. */
function onUnexpected(error: unknown): void {
  log(`unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}
