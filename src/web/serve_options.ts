/** The command line of the web server. */
import type { Arguments, Program } from "../cli/arguments.ts";
import { UsageError } from "../cli/arguments.ts";
import { oneOf, parseCount, parsePort, parseSeconds, parseSize, parseText } from "../cli/values.ts";

const AUTH_METHODS: readonly string[] = ["unix", "hostname", "address", "ticket"];

export const serveProgram = {
  name: "bun run serve --",
  description:
    "Serves a website whose files lie on several Chirp servers. Each request is answered from a server chosen at random; one that fails is never noticed.",
  options: {
    servers: {
      type: "value",
      hint: "FILE",
      default: "servers.txt",
      parse: parseText,
      description: "list of Chirp servers, one host[:port] a line; read again when it changes and on SIGHUP",
    },
    root: {
      type: "value",
      hint: "DIR",
      default: "/",
      parse: parseRoot,
      description: "directory on every Chirp server that is the web root",
    },
    port: {
      type: "value",
      letter: "p",
      hint: "N",
      default: "8080",
      parse: parseAnyPort,
      description: "0 picks a free one",
    },
    host: {
      type: "value",
      hint: "ADDR",
      default: "127.0.0.1",
      parse: parseText,
      description: "address to listen on; 0.0.0.0 to publish",
    },
    timeout: {
      type: "value",
      hint: "SECONDS",
      default: "20",
      parse: (text, option) => parseSeconds(text, option, { min: 0.1, max: 240 }),
      description: "deadline to the first byte of a response; 503 after that",
    },
    admin: {
      type: "value",
      hint: "ADDR:PORT",
      parse: parseListenAddress,
      defaultHint: "off",
      description: "separate listener: status page, /status.json, /metrics, /healthz, /readyz; port 0 picks a free one",
    },
    "tls-cert": {
      type: "value",
      hint: "FILE",
      parse: parseText,
      defaultHint: "off",
      description: "certificate chain (PEM)",
    },
    "tls-key": {
      type: "value",
      hint: "FILE",
      parse: parseText,
      defaultHint: "off",
      description: "its private key (PEM)",
    },
    "rate-limit": {
      type: "value",
      hint: "N",
      parse: (text, option) => parseCount(text, option, { min: 1 }),
      defaultHint: "off",
      description: "requests a second for each client address, with a burst of twice as many; 429 above",
    },
    "cache-size": {
      type: "value",
      hint: "SIZE",
      default: "256MiB",
      parse: parseSize,
      description: "memory for file contents; 0 keeps none",
    },
    "cache-ttl": {
      type: "value",
      hint: "SECONDS",
      default: "1",
      parse: (text, option) => parseSeconds(text, option, { min: 0, max: 3600 }),
      description: "how old a replica's metadata may be before it is asked again; 0 asks on every request",
    },
    "buffer-limit": {
      type: "value",
      hint: "SIZE",
      default: "64MiB",
      parse: parseSize,
      description: "larger responses are sent without Content-Length, chunk by chunk",
    },
    auth: {
      type: "value",
      letter: "a",
      hint: "LIST",
      default: "unix,hostname,address,ticket",
      parse: parseAuth,
      description: "Chirp authentication methods, tried in this order",
    },
    tickets: {
      type: "value",
      letter: "i",
      hint: "FILES",
      parse: parseText,
      defaultHint: "$CHIRP_CLIENT_TICKETS",
      description: "Chirp tickets, separated by commas",
    },
    autoindex: { type: "flag", description: "directory listings where there is no index.html, as HTML or JSON" },
    "cache-control": {
      type: "list",
      hint: "GLOB=VALUE",
      parse: parseText,
      description: "Cache-Control for files that match, e.g. '*.css=max-age=3600'; the first match counts",
    },
    "error-page": {
      type: "list",
      hint: "STATUS=PATH",
      parse: parseErrorPage,
      description: "page of the site for an error, e.g. 404=/404.html",
    },
    spa: { type: "flag", description: "answer with /index.html where there is nothing, for single-page applications" },
    "access-log": {
      type: "value",
      hint: "combined|json|off",
      default: "combined",
      parse: oneOf("combined", "json", "off"),
      description: "requests on standard output",
    },
    "debug-headers": { type: "flag", description: "send X-Served-By: host:port with every response" },
  },
} as const satisfies Program;

export type ServeOptions = Arguments<typeof serveProgram>["options"];

function parseAnyPort(text: string, option: string): number {
  return text === "0" ? 0 : parsePort(text, option);
}

/** ADDR:PORT or [v6]:PORT, port 0 allowed. */
function parseListenAddress(text: string, option: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) throw new UsageError(`${option}: "${text}" is not ADDR:PORT, for example 127.0.0.1:8081`);
  return { host: match[1] ?? match[2]!, port: parseAnyPort(match[3]!, option) };
}

/** "/" or "/a/b", as bytes. */
function parseRoot(text: string, option: string): string {
  const segments = text.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (!text.startsWith("/") || segments.includes("..") || text.includes("\0")) {
    throw new UsageError(`${option}: "${text}" is no directory on a Chirp server: it must begin with / and have no ..`);
  }
  return Buffer.from(`/${segments.join("/")}`, "utf8").toString("latin1");
}

function parseAuth(text: string, option: string): readonly string[] {
  const methods = text.split(",");
  for (const method of methods) {
    if (!AUTH_METHODS.includes(method)) {
      throw new UsageError(`${option}: "${method}" is no authentication method: use ${AUTH_METHODS.join(", ")}`);
    }
  }
  return methods;
}

function parseErrorPage(text: string, option: string): { readonly status: number; readonly path: string } {
  const match = /^(\d{3})=(\/.*)$/.exec(text);
  const status = parseCount(match?.[1] ?? "", `${option} ${text}`, { min: 400, max: 599 });
  return { status, path: Buffer.from(match![2]!, "utf8").toString("latin1") };
}
