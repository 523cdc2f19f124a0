/** What the status page, /status.json and the metrics tell: one plain object, made at one moment. Times are milliseconds since 1970. */
export type ServerState = "well" | "suspect" | "ejected" | "trial";

export interface ServerStatus {
  /** As it stands in servers.txt: host:port. */
  readonly name: string;
  readonly state: ServerState;
  /** Since when it has been in this state. */
  readonly sinceMs: number;
  readonly lastError: { readonly message: string; readonly atMs: number } | null;
  readonly inFlight: number;
  readonly requests: number;
  readonly failures: number;
  readonly ejections: number;
  /** Of answers, lately; null when there were none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface CacheStatus {
  readonly entries: number;
  readonly bytes: number;
  readonly limitBytes: number;
  readonly hits: number;
  readonly misses: number;
  /** Requests that waited for another one's answer instead of asking themselves. */
  readonly coalesced: number;
}

/** How one server's copy of the site differs from the first well one's. */
export interface ReplicaDifference {
  readonly server: string;
  readonly missing: number;
  readonly extra: number;
  readonly changed: number;
  /** Directories that one of the two does not let us list. */
  readonly unlisted: number;
  /** Why nothing can be said of it; null when it was compared. */
  readonly error: string | null;
  /** A few of the paths that differ, as text for people. */
  readonly examples: readonly string[];
}

export interface DifferenceStatus {
  readonly atMs: number;
  /** The server whose copy the others were compared with. */
  readonly reference: string;
  readonly files: number;
  readonly replicas: readonly ReplicaDifference[];
}

export interface ConnectionStatus {
  /** As they were a second ago at most. */
  readonly open: number;
  readonly limit: number;
  /** Ended since a request did not become whole in time. */
  readonly slowRequests: number;
  /** Ended since there were too many, in all or of one client. */
  readonly tooMany: number;
}

export interface StatusSnapshot {
  readonly nowMs: number;
  readonly startedAtMs: number;
  /** What is served of each server, as text for people. */
  readonly root: string;
  readonly servers: readonly ServerStatus[];
  /** --serve-stale; 0: with all servers down, every visitor sees an error page. */
  readonly serveStaleSeconds: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Requests in each of the last seconds, oldest first; at most 60. */
  readonly requestHistory: readonly number[];
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly inFlight: number;
  readonly connections: ConnectionStatus;
  readonly queue: { readonly waiting: number; readonly limit: number };
  readonly memory: {
    /** Of the whole process. */
    readonly residentBytes: number;
    /** Bodies collected to be sent with their Content-Length. */
    readonly bufferedBytes: number;
    readonly bufferLimitBytes: number;
    /** Large bodies being streamed. */
    readonly openStreams: number;
  };
  /** Responses that should not have been necessary: 503s, connections reset in the middle of a body. */
  readonly unavailable: number;
  readonly resets: number;
  /** Failures that nobody saw: bodies that went on from another server, second servers that answered first. */
  readonly switches: number;
  readonly hedgesWon: number;
  readonly hedges: number;
  /** Null with --cache-size 0. */
  readonly cache: CacheStatus | null;
  /** Null as long as nobody asked. */
  readonly differences: DifferenceStatus | null;
}
