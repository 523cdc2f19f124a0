/** Source and targets as the user names them, and the stores behind them. */
import { bytePath } from "../../chirp/byte_path.ts";
import { resolveHost } from "../../chirp/resolve_host.ts";
import { hostPort, parseServerAddress } from "../../chirp/server_address.ts";
import type { BytePath } from "../../protocol.ts";
import { LOCAL_SERVER } from "./store.ts";

export interface Endpoint {
  /** "hostA:9094", or "local". */
  readonly server: string;
  /** Null for the local file system. */
  readonly address: { readonly host: string; readonly port: number } | null;
  /** Absolute, without a slash at its end, "." and "..". */
  readonly directory: BytePath;
}

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

/** What makes two endpoints the same server: "address:port"; the local file system is one of its own. */
export async function resolveEndpoint({ server, address }: Endpoint): Promise<string> {
  if (address === null) return LOCAL_SERVER;
  return hostPort(await resolveHost(server, address.host), address.port);
}
