#!/usr/bin/env bun
/** bun run serve: the web server. */
import { readFileSync } from "node:fs";
import { LibraryError, requireLibrary } from "./chirp/library.ts";
import type { ServerAddress } from "./chirp/server_address.ts";
import { exitForUsage, readArguments, usageExitCode } from "./cli/read_arguments.ts";
import { parseServersFile, ServersFileError } from "./servers_file.ts";
import { ListenError } from "./web/front/listen_error.ts";
import { checkServeOptions, serveProgram } from "./web/options/serve_options.ts";
import { readTlsFiles, TlsFilesError } from "./web/front/tls_files.ts";
import { watchFile } from "./web/watch_file.ts";
import { startWebServer, type WebServer } from "./web/web_server.ts";

const { options } = readArguments(serveProgram);
try {
  checkServeOptions(options);
} catch (error) {
  exitForUsage(serveProgram.name, error);
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A mistake of ours that nobody foresaw concerns one request; the others go on. */
function onUnexpected(error: unknown): void {
  log(`unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}

function readServers(): ServerAddress[] {
  let text: string;
  try {
    text = readFileSync(options.servers, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServersFileError(`cannot read ${options.servers} (${reason}): name another file with --servers`);
  }
  return parseServersFile(text, options.servers);
}

async function start(): Promise<WebServer> {
  try {
    requireLibrary();
    const addresses = readServers();
    const tls = readTlsFiles(options.tlsCert, options.tlsKey);
    if (tls?.warning) log(tls.warning);
    return await startWebServer({ serve: options, addresses, tls, log, onUnexpected });
  } catch (error) {
    const isForeseen =
      error instanceof ServersFileError ||
      error instanceof LibraryError ||
      error instanceof TlsFilesError ||
      error instanceof ListenError;
    if (!isForeseen) throw error;
    log(`serve: ${error.message}`);
    process.exit(usageExitCode);
  }
}

const server = await start();

process.on("uncaughtException", onUnexpected);
process.on("unhandledRejection", onUnexpected);

function reload(): void {
  try {
    const servers = readServers();
    server.update(servers);
    log(`${options.servers}: ${servers.length} ${servers.length === 1 ? "server" : "servers"}`);
  } catch (error) {
    if (!(error instanceof ServersFileError)) throw error;
    log(`${error.message}; the old list stays in use`);
  }
}

const watcher = watchFile(options.servers, reload, (reason) =>
  log(`${options.servers} is not watched (${reason}): after a change, send SIGHUP`),
);
process.on("SIGHUP", reload);

let isStopping = false;
async function stop(): Promise<void> {
  // Asked twice, it ends at once.
  if (isStopping) process.exit(1);
  isStopping = true;
  watcher.close();
  await server.stop().catch(onUnexpected);
  process.exit(0);
}
process.on("SIGINT", () => void stop());
process.on("SIGTERM", () => void stop());

log(`listening on ${server.url}`);
if (server.adminUrl !== null) log(`admin on ${server.adminUrl}`);
