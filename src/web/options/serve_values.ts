/** Values of the web server's options: each reader takes the text and the option's name, and throws a UsageError that names both. */
import { UsageError } from "../../cli/arguments.ts";
import { parseCount, parsePort } from "../../cli/values.ts";
import { type CacheControlRule, parseCacheControl } from "../http/cache_control.ts";
import { plainAddress } from "../http/client_address.ts";
import { siteErrorStatuses, type SiteErrorStatus } from "../pages/pages.ts";
import { ipVersion } from "../../chirp/ip_version.ts";

/** ADDR:PORT or [v6]:PORT, port 0 allowed. */
export function parseListenAddress(text: string, option: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) throw new UsageError(`${option} "${text}" is not ADDR:PORT, for example 127.0.0.1:8081`);
  return { host: match[1] ?? match[2]!, port: parsePort(match[3]!, option) };
}

/** "/" or "/a/b", as bytes. */
export function parseRoot(text: string, option: string): string {
  const segments = text.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (!text.startsWith("/") || segments.includes("..") || text.includes("\0")) {
    throw new UsageError(`${option} "${text}" is no directory on a Chirp server: it must begin with / and have no ..`);
  }
  return Buffer.from(`/${segments.join("/")}`, "utf8").toString("latin1");
}

/** An IPv4 or IPv6 address, for comparison with that of a connection. */
export function parseAddress(text: string, option: string): string {
  if (ipVersion(text) === 0) throw new UsageError(`${option} "${text}" is no IP address, for example 127.0.0.1`);
  return plainAddress(text.toLowerCase());
}

/** GLOB=VALUE */
export function parseCacheControlRule(text: string, option: string): CacheControlRule {
  try {
    return parseCacheControl(text);
  } catch (error) {
    throw new UsageError(`${option} ${error instanceof Error ? error.message : String(error)}`);
  }
}

export interface ErrorPageOption {
  readonly status: SiteErrorStatus;
  /** Below the web root. */
  readonly path: string;
}

/** "404=/404.html" */
export function parseErrorPage(text: string, option: string): ErrorPageOption {
  const match = /^(\d+)=(\/.*)$/.exec(text);
  if (match === null) throw new UsageError(`${option} "${text}" is not STATUS=PATH, for example 404=/404.html`);
  const status = siteErrorStatuses.find((known) => known === parseCount(match[1]!, option));
  if (status === undefined) {
    throw new UsageError(`${option} "${text}": a page can be given for ${siteErrorStatuses.join(", ")}`);
  }
  return { status, path: Buffer.from(match[2]!, "utf8").toString("latin1") };
}
