/** servers.txt: the list of Chirp servers that hold the site. */
import { AddressError, parseServerAddress, type ServerAddress } from "./chirp/server_address.ts";

/** A replica costs a few worker threads; a list longer than this is a mistake. */
const SERVERS_MAX = 10_000;

/** The file cannot be used; the message names file, line and reason. */
export class ServersFileError extends Error {
  override readonly name = "ServersFileError";
}

/**
 * One `host[:port]` a line; `#` begins a comment; blank lines do not count. Duplicates and an empty list are errors.
 *
 *     "hostA\nhostB:9095  # second\n" → hostA:9094, hostB:9095
 */
export function parseServersFile(text: string, file: string): ServerAddress[] {
  const lineByServer = new Map<string, number>();
  const servers: ServerAddress[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const entry = line.replace(/#.*/, "").trim();
    if (entry === "") continue;
    const address = parseEntry(entry, `${file}:${index + 1}`);
    const key = address.server.toLowerCase();
    const first = lineByServer.get(key);
    if (first !== undefined) {
      throw new ServersFileError(`${file}:${index + 1}: ${address.server} stands in line ${first} already`);
    }
    lineByServer.set(key, index + 1);
    servers.push(address);
  }
  if (servers.length === 0) {
    throw new ServersFileError(`${file}: no servers: write at least one line host:port`);
  }
  if (servers.length > SERVERS_MAX) {
    throw new ServersFileError(`${file}: ${servers.length} servers, more than ${SERVERS_MAX}`);
  }
  return servers;
}

function parseEntry(entry: string, where: string): ServerAddress {
  try {
    return parseServerAddress(entry);
  } catch (error) {
    if (error instanceof AddressError) throw new ServersFileError(`${where}: ${error.message}`);
    throw error;
  }
}
