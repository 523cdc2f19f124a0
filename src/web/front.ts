/** What stands between the network and the site: a listener that reads requests and sends responses. */
import type { SiteRequest } from "./site.ts";

/** A request as a listener hands it over. */
export interface Visitor {
  readonly request: SiteRequest;
  /** Address of the client, "" when it has gone already. */
  readonly client: string;
}

export interface FrontOptions {
  readonly host: string;
  readonly port: number;
  /** Certificate chain and private key, PEM; null for plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Never throws, never rejects. */
  readonly answer: (visitor: Visitor) => Response | Promise<Response>;
  /** The answer to a path that climbs above the root, where the listener has to tell it. */
  readonly answerClimbing: (visitor: Visitor) => Response;
  readonly onUnexpected: (error: unknown) => void;
}

export interface Front {
  /** As it stands in "listening on …". */
  readonly url: string;
  /** Requests whose response has not left completely. */
  unfinished(): number;
  /** Refuses new connections, lets what is in flight end, closes idle connections. */
  stop(): Promise<void>;
}

/** A client that takes or sends nothing for so long is cut. Above the failover budget, below Bun's limit of 255. */
export const idleTimeoutSeconds = 250;
