#!/usr/bin/env bun
/** bun run serve: the web server. */
import { readFileSync, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { LibraryError, requireLibrary } from "./chirp/library.ts";
import type { ServerAddress } from "./chirp/server_address.ts";
import { readArguments, usageExitCode } from "./cli/read_arguments.ts";
import { parseServersFile, ServersFileError } from "./servers_file.ts";
import { serveProgram } from "./web/serve_options.ts";
import { startWebServer, type WebServer } from "./web/web_server.ts";

/** Editors write a file in several steps: it is read when it has been quiet for this long. */
const SETTLED_MS = 100;

const { options } = readArguments(serveProgram);

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

function fail(message: string): never {
  process.stderr.write(`serve: ${message}\n`);
  process.exit(usageExitCode);
}

function readServers(): ServerAddress[] {
  try {
    return parseServersFile(readFileSync(options.servers, "utf8"), options.servers);
  } catch (error) {
    if (error instanceof ServersFileError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ServersFileError(`cannot read ${options.servers} (${reason}): name another file with --servers`);
  }
}

function start(): WebServer {
  try {
    requireLibrary();
    return startWebServer(options, readServers(), log);
  } catch (error) {
    if (error instanceof ServersFileError || error instanceof LibraryError) fail(error.message);
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE") {
      fail(`port ${options.port} on ${options.host} is in use: choose another one with --port, or 0 for a free one`);
    }
    if (code === "EACCES" || code === "EADDRNOTAVAIL" || code === "EINVAL") {
      fail(`cannot listen on ${options.host}:${options.port} (${code}): choose others with --host and --port`);
    }
    throw error;
  }
}

const server = start();

function reload(): void {
  try {
    const servers = readServers();
    server.update(servers);
    log(`${options.servers}: ${servers.length} servers`);
  } catch (error) {
    if (!(error instanceof ServersFileError)) throw error;
    log(`${error.message}; the old list stays in use`);
  }
}

let reloadTimer: Timer | undefined;
const file = resolve(options.servers);
// The directory is watched, since editors and tools replace the file.
const watcher = watch(dirname(file), (_, name) => {
  if (name !== basename(file)) return;
  clearTimeout(reloadTimer);
  reloadTimer = setTimeout(reload, SETTLED_MS);
});
process.on("SIGHUP", reload);

let isStopping = false;
async function stop(): Promise<void> {
  // Asked twice, it ends at once.
  if (isStopping) process.exit(1);
  isStopping = true;
  watcher.close();
  clearTimeout(reloadTimer);
  await server.stop();
  process.exit(0);
}
process.on("SIGINT", () => void stop());
process.on("SIGTERM", () => void stop());

log(`listening on ${server.url}`);
if (server.adminUrl !== null) log(`admin on ${server.adminUrl}`);
