/** Source and targets as the user names them, and the stores behind them. */
import { bytePath } from "../chirp/byte_path.ts";
import { createLane } from "../chirp/lane.ts";
import { hostPort, parseServerAddress, resolveHost } from "../chirp/server_address.ts";
import type { BytePath } from "../protocol.ts";
import { createLocalStore } from "./local_store.ts";
import type { SyncOptions } from "./options.ts";
import { createRetryingStore } from "./retrying_store.ts";
import { LOCAL_SERVER, type Store } from "./store.ts";

export interface Endpoint {
  /** "hostA:9094", or "local". */
  readonly server: string;
  /** Null for the local file system. */
  readonly address: { readonly host: string; readonly port: number } | null;
  /** Absolute, without a slash at its end, "." and "..". */
  readonly directory: BytePath;
}

export interface Credentials {
  /** Authentication methods in the order to be tried. */
  readonly auth: readonly string[];
  /** Ticket files separated by commas. */
  readonly tickets: string;
}

/** Calls waiting for a worker; the run itself keeps far fewer in flight. */
const QUEUE_MAX = 10_000;
const BACKOFF_MS = 1000;

/** Throws AddressError when the server cannot be one. A local directory may be relative to `cwd`. */
export function parseEndpoint(server: string, directory: string, cwd: string): Endpoint {
  if (server === LOCAL_SERVER) {
    return { server, address: null, directory: normalizePath(bytePath(directory), bytePath(cwd)) };
  }
  const { server: name, host, port } = parseServerAddress(server);
  return { server: name, address: { host, port }, directory: normalizePath(bytePath(directory), "/") };
}

/** "/a//b/../c/" → "/a/c"; what is relative begins at `base`. */
export function normalizePath(path: BytePath, base: BytePath): BytePath {
  const names: string[] = [];
  for (const name of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
    if (name === "" || name === ".") continue;
    if (name === "..") names.pop();
    else names.push(name);
  }
  return `/${names.join("/")}`;
}

/** Connections are made when they are first used. The store is patient as the options say. */
export function openStore(
  { server, address }: Endpoint,
  options: SyncOptions,
  { auth, tickets }: Credentials,
  signal: AbortSignal,
): Store {
  const timeoutMs = options.timeoutSeconds * 1000;
  const store =
    address === null
      ? createLocalStore()
      : createLane({
          server,
          host: address.host,
          port: address.port,
          workers: Math.max(options.transfers, options.checkers),
          queueLimit: QUEUE_MAX,
          timeoutMs,
          connectTimeoutSeconds: options.connectTimeoutSeconds,
          auth,
          tickets,
        });
  return createRetryingStore(store, { retries: options.retries, timeoutMs, backoffMs: BACKOFF_MS, signal });
}

/** What makes two endpoints the same server: "address:port"; the local file system is one of its own. */
export async function resolveEndpoint({ server, address }: Endpoint): Promise<string> {
  if (address === null) return LOCAL_SERVER;
  return hostPort(await resolveHost(server, address.host), address.port);
}
