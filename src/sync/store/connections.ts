/** The stores of a process: each server is connected to once, however many runs use it. */
import { createLane } from "../../chirp/lane.ts";
import { isOwnAddress } from "../../chirp/own_address.ts";
import type { Endpoint } from "./endpoint.ts";
import type * as localStore from "./local_store.ts";
import type { Store } from "./store.ts";

export interface Connections {
  /** The store of an endpoint's server; the same one every time. */
  store(endpoint: Endpoint): Store;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  /** Authentication methods in the order to be tried. */
  readonly auth: readonly string[];
  /** Ticket files separated by commas. */
  readonly tickets: string;
  /** Workers, each with a connection, that a server is given at most; one on this machine seldom has so many. */
  readonly workers: number;
  readonly timeoutSeconds: number;
  readonly connectTimeoutSeconds: number;
}

/** Calls waiting for a worker; a run itself keeps far fewer in flight. */
const QUEUE_MAX = 10_000;
/** How long workers may finish what is in hand at the end: nothing is, short of an interruption. */
const CLOSE_GRACE_MS = 500;

/** Connections are made when they are first used. */
export function createConnections(options: ConnectionOptions): Connections {
  const { auth, tickets, workers, timeoutSeconds, connectTimeoutSeconds } = options;
  const stores = new Map<string, Store>();
  /** Of each server that has been found, whether it is on this machine. */
  const isHere = new Map<string, boolean>();

  /**
   * Servers on this machine share its cores with each other and with us, and each connection has 16 MiB there that are cleared with every
   * call: what is more than the cores only waits, and pushes the others' out of the caches.
   */
  function usefulWorkers(server: string, address: string): number {
    if (!isHere.has(server)) isHere.set(server, isOwnAddress(address));
    if (isHere.get(server) !== true) return workers;
    const here = [...isHere.values()].filter(Boolean).length;
    return Math.max(1, Math.floor(navigator.hardwareConcurrency / here));
  }

  function open({ server, address }: Endpoint): Store {
    if (address === null) {
      // Few runs need it, and what it needs takes a fiftieth of a short run to load.
      const { createLocalStore } = require("./local_store.ts") as typeof localStore;
      return createLocalStore();
    }
    const { host, port } = address;
    const timeoutMs = timeoutSeconds * 1000;
    return createLane({
      server,
      host,
      port,
      workers,
      usefulWorkers: (resolved) => usefulWorkers(server, resolved),
      queueLimit: QUEUE_MAX,
      timeoutMs,
      connectTimeoutSeconds,
      auth,
      tickets,
    });
  }

  return {
    store(endpoint) {
      const known = stores.get(endpoint.server) ?? open(endpoint);
      stores.set(endpoint.server, known);
      return known;
    },
    async close() {
      await Promise.all([...stores.values()].map((store) => store.close(CLOSE_GRACE_MS)));
      stores.clear();
    },
  };
}
