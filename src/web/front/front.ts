/** What stands between the network and the site: a listener that reads requests and sends responses. */
import type { ErrorStatus } from "../pages/pages.ts";
import type { ConnectionCounters } from "./connection_guard.ts";
import type { SiteRequest } from "../site/site.ts";

/** A request as a listener hands it over. */
export interface Visitor {
  readonly request: SiteRequest;
  /** Address of the other end of the connection; "" when it has gone already, or nobody wants to know. */
  readonly peer: string;
}

export interface FrontOptions {
  readonly host: string;
  readonly port: number;
  /** Certificate chain and private key, PEM; null for plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Whether visitors' addresses are needed: each costs a system call, a tenth of an answer from memory. */
  readonly wantsPeer: boolean;
  readonly maxConnections: number;
  /** Of one client address, a network of IPv6; null: as many as there may be in all. */
  readonly maxConnectionsPerClient: number | null;
  /** Networks, as networkOf() writes them, of clients without a limit of their own. */
  readonly exemptClients: ReadonlySet<string>;
  /** Never throws, never rejects. */
  readonly answer: (visitor: Visitor) => Response | Promise<Response>;
  /** Resolves when all of the answer was handed over, body and all; undefined: it was so at once. */
  readonly sent: (request: SiteRequest) => Promise<void> | undefined;
  /** The answer to a request that the listener itself has to refuse. */
  readonly refuse: (visitor: Visitor, status: ErrorStatus) => Response;
  readonly onUnexpected: (error: unknown) => void;
}

export interface Front {
  /** As it stands in "listening on …". */
  readonly url: string;
  /** Requests whose response has not left completely. */
  unfinished(): number;
  readonly connections: ConnectionCounters;
  /** Refuses new connections, lets what is in flight end, closes idle connections. */
  stop(): Promise<void>;
}

/** A client that takes or sends nothing for so long is cut. Above the failover budget, below Bun's limit of 255. */
export const idleTimeoutSeconds = 250;

/** A request that takes longer to become whole is cut; Bun.serve itself does so with the first one of a connection. */
export const requestTimeoutMs = 12_000;

/** Requests to read with a body are rare and odd; they can wait. */
const BODY_PAUSE_MS = 5;

/**
 * Bun hands a GET over before its body has come, and refuses it when it turns out malformed: after our answer, if that was
 * quick. What came with the headers has been looked at after this pause. Undefined: there is no body to wait for.
 */
export function pauseForBody({ headers }: SiteRequest): Promise<void> | undefined {
  if (!headers.has("transfer-encoding") && !headers.has("content-length")) return undefined;
  return Bun.sleep(BODY_PAUSE_MS);
}

/** How often it is looked whether the last response has left, while stopping. */
const DRAIN_POLL_MS = 20;

/** Resolves when nothing is unfinished. How long that may take is up to whoever stops us: a second signal ends it. */
export async function drained(unfinished: () => number): Promise<void> {
  while (unfinished() > 0) await Bun.sleep(DRAIN_POLL_MS);
}
