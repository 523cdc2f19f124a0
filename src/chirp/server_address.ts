/** Addresses of Chirp servers, as people write them. */
import { ipVersion } from "./ip_version.ts";

const DEFAULT_PORT = 9094;

export interface ServerAddress {
  /** host:port in one spelling: what logs, messages and X-Served-By show. */
  readonly server: string;
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** What cannot be an address; the message says why. */
export class AddressError extends Error {
  override readonly name = "AddressError";
}

/**
 * Reads `host[:port]` or `[v6 address][:port]`.
 *
 *     hostA → hostA:9094    10.0.0.1:80 → 10.0.0.1:80    [::1] → [::1]:9094    ::1 → error    hostA:0 → error
 */
export function parseServerAddress(text: string): ServerAddress {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(text);
  // Only what has two colons is asked for: to know an IPv6 address, a module is loaded that takes longer than all else here.
  if (match === null || (/^[^[]*:.*:/.test(text) && ipVersion(text) === 6)) {
    throw new AddressError(`"${text}" is no server: write host:port, or [address]:port for an IPv6 address`);
  }
  const [, v6, name = "", portText] = match;
  const host = v6 ?? name;
  if (v6 !== undefined ? ipVersion(v6) !== 6 : !isHostName(name)) {
    throw new AddressError(`"${host}" is no ${v6 === undefined ? "host name" : "IPv6 address"}`);
  }
  const port = portText === undefined ? DEFAULT_PORT : parsePort(portText);
  return { server: hostPort(host, port), host, port };
}

/** ("::1", 80) → "[::1]:80". */
export function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function isHostName(name: string): boolean {
  if (/^[\d.]+$/.test(name)) return ipVersion(name) === 4;
  return name.length <= 253 && /^[a-z\d_]([a-z\d_.-]*[a-z\d_])?\.?$/i.test(name) && !name.includes("..");
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
    throw new AddressError(`"${text}" is no port: it must be a number from 1 to 65535`);
  }
  return port;
}
