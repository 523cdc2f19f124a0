/** The command line of the web server. */
import { authMethods } from "../../chirp/auth_methods.ts";
import { UsageError, type Arguments, type Program } from "../../cli/arguments.ts";
import { listOf, oneOf, parseCount, parsePort, parseSeconds, parseSize, parseText } from "../../cli/values.ts";
import { version } from "../../version.ts";
import { parseAddress, parseCacheControlRule, parseErrorPage, parseListenAddress, parseRoot } from "./serve_values.ts";

/** Headings of --help. */
const groups = {
  chirp: "Chirp servers",
  listening: "Listening",
  content: "What is sent",
  memory: "Memory",
  logs: "Logs",
} as const;

export const serveProgram = {
  name: "serve",
  call: "bun run serve --",
  version,
  description:
    "Serves a website whose files lie on several Chirp servers. Each request is answered from a server chosen at random; one that fails is never noticed.",
  options: {
    servers: {
      type: "value",
      group: groups.chirp,
      hint: "FILE",
      default: "servers.txt",
      parse: parseText,
      description: "list of Chirp servers, one host[:port] a line; read again when it changes and on SIGHUP",
    },
    root: {
      type: "value",
      group: groups.chirp,
      hint: "DIR",
      default: "/",
      parse: parseRoot,
      description: "directory on every Chirp server that is the web root",
    },
    timeout: {
      type: "value",
      group: groups.chirp,
      hint: "SECONDS",
      default: "20",
      parse: (text, option) => parseSeconds(text, option, { min: 0.1, max: 240 }),
      description: "deadline to the first byte of a response; 503 after that",
    },
    auth: {
      type: "value",
      group: groups.chirp,
      letter: "a",
      hint: "LIST",
      default: authMethods.join(","),
      parse: listOf(...authMethods),
      description: "Chirp authentication methods, tried in this order",
    },
    tickets: {
      type: "value",
      group: groups.chirp,
      letter: "i",
      hint: "FILES",
      parse: parseText,
      defaultHint: "$CHIRP_CLIENT_TICKETS",
      description: "Chirp tickets, separated by commas",
    },
    port: {
      type: "value",
      group: groups.listening,
      letter: "p",
      hint: "N",
      default: "8080",
      parse: parsePort,
      description: "0 picks a free one",
    },
    host: {
      type: "value",
      group: groups.listening,
      hint: "ADDR",
      default: "127.0.0.1",
      parse: parseText,
      description: "address to listen on; 0.0.0.0 to publish",
    },
    "tls-cert": {
      type: "value",
      group: groups.listening,
      hint: "FILE",
      parse: parseText,
      defaultHint: "off",
      description: "certificate chain (PEM)",
    },
    "tls-key": {
      type: "value",
      group: groups.listening,
      hint: "FILE",
      parse: parseText,
      defaultHint: "off",
      description: "its private key (PEM)",
    },
    http2: {
      type: "flag",
      group: groups.listening,
      description: "HTTP/2 as well, over TLS, where the client asks for it; experimental in Bun",
    },
    front: {
      type: "value",
      group: groups.listening,
      hint: "bun|node",
      default: "bun",
      parse: oneOf("bun", "node"),
      description: "listener; node is slower, and sends Content-Length at any size",
    },
    admin: {
      type: "value",
      group: groups.listening,
      hint: "ADDR:PORT",
      parse: parseListenAddress,
      defaultHint: "off",
      description: "separate listener: status page, /status.json, /metrics, /healthz, /readyz; port 0 picks a free one",
    },
    "max-connections": {
      type: "value",
      group: groups.listening,
      hint: "N",
      default: "16384",
      parse: (text, option) => parseCount(text, option, { min: 1 }),
      description: "connections at a time; beyond it those idle longest are closed, then the newest",
    },
    "max-connections-per-client": {
      type: "value",
      group: groups.listening,
      hint: "N",
      parse: (text, option) => parseCount(text, option, { min: 1 }),
      defaultHint: "off",
      description: "the same for each client address; a --trusted-proxy has no such limit",
    },
    "rate-limit": {
      type: "value",
      group: groups.listening,
      hint: "N",
      parse: (text, option) => parseCount(text, option, { min: 1 }),
      defaultHint: "off",
      description: "requests a second for each client address, with a burst of twice as many; 429 above",
    },
    "trusted-proxy": {
      type: "list",
      group: groups.listening,
      hint: "ADDR",
      parse: parseAddress,
      description: "reverse proxy whose X-Forwarded-For names the client, for log and rate limit",
    },
    autoindex: {
      type: "flag",
      group: groups.content,
      description: "directory listings where there is no index.html, as HTML or JSON",
    },
    "error-page": {
      type: "list",
      group: groups.content,
      hint: "STATUS=PATH",
      parse: parseErrorPage,
      description: "page of the site for 403, 404 or 503, e.g. 404=/404.html",
    },
    spa: {
      type: "flag",
      group: groups.content,
      description: "answer with /index.html where there is nothing, for single-page applications",
    },
    "cache-control": {
      type: "list",
      group: groups.content,
      hint: "GLOB=VALUE",
      parse: parseCacheControlRule,
      description: "Cache-Control for files that match, e.g. '*.css=max-age=3600'; the first match counts",
    },
    compress: {
      type: "flag",
      group: groups.content,
      description: "compress text (br, zstd, gzip) where there is no compressed copy, with a quarter of --cache-size",
    },
    "buffer-limit": {
      type: "value",
      group: groups.content,
      hint: "SIZE",
      default: "64MiB",
      parse: parseSize,
      description: "larger responses are sent without Content-Length, chunk by chunk",
    },
    "debug-headers": {
      type: "flag",
      group: groups.content,
      description: "send X-Served-By: host:port with every response",
    },
    "cache-size": {
      type: "value",
      group: groups.memory,
      hint: "SIZE",
      default: "256MiB",
      parse: parseSize,
      description: "memory for file contents; 0 keeps none",
    },
    "cache-ttl": {
      type: "value",
      group: groups.memory,
      hint: "SECONDS",
      default: "1",
      parse: (text, option) => parseSeconds(text, option, { min: 0, max: 3600 }),
      description: "how old a replica's metadata may be before it is asked again; 0 asks on every request",
    },
    "serve-stale": {
      type: "value",
      group: groups.memory,
      hint: "SECONDS",
      default: "0",
      parse: (text, option) => parseSeconds(text, option, { min: 0, max: 604_800 }),
      description: "with every server down, answer from memory for so long after it was last known to be true",
    },
    "access-log": {
      type: "value",
      group: groups.logs,
      hint: "combined|json|off",
      default: "combined",
      parse: oneOf("combined", "json", "off"),
      description: "requests on standard output",
    },
  },
} as const satisfies Program;

export type ServeOptions = Arguments<typeof serveProgram>["options"];

/** What no option can see alone. Throws a UsageError. */
export function checkServeOptions({ http2, front, tlsCert }: Pick<ServeOptions, "http2" | "front" | "tlsCert">): void {
  if (!http2) return;
  if (front === "node") throw new UsageError("--http2 needs --front bun: the listener of Node.js has none");
  // Nobody but test programs speaks it in the clear, and there Bun cuts what a stop leaves to be sent.
  if (tlsCert === null) throw new UsageError("--http2 needs --tls-cert and --tls-key: browsers speak it over TLS only");
}
