/**
 * The address of a Chirp server that is written as a name.
 *
 * The system's own lookup (getaddrinfo) blocks one of the few threads that Bun has for files, compression and the start of
 * workers. Two names, and a name server that does not answer, and nothing of this process could start for five seconds, good
 * servers included. So names are asked for with c-ares, which blocks nothing; what it does not find (names of mDNS or of other
 * plug-ins of the system, a resolv.conf that has changed) the system is asked for, one name at a time.
 */
import { dns } from "bun";
import { ChirpError } from "../errors.ts";
import { ipVersion } from "./ip_version.ts";

export interface HostLookups {
  /** Rejects when there is no such name, or nobody answers. At least one address. */
  readonly withoutThread: (name: string) => Promise<readonly HostAddress[]>;
  /** The same; blocks a thread meanwhile. */
  readonly bySystem: (name: string) => Promise<readonly HostAddress[]>;
}

export interface HostAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** The IP address of a host; a name that cannot be resolved is a ChirpError ENOTFOUND, never a missing file. */
export type ResolveHost = (server: string, host: string) => Promise<string>;

/** A name lookup that takes longer counts as failed: a resolver that does not answer must not hold a worker up. */
const LOOKUP_TIMEOUT_MS = 5_000;

export const resolveHost: ResolveHost = createHostResolver({
  withoutThread: (name) => dns.lookup(name, { backend: "c-ares" }),
  bySystem: (name) => dns.lookup(name, { backend: "libc" }),
});

export function createHostResolver(lookups: HostLookups, timeoutMs: number = LOOKUP_TIMEOUT_MS): ResolveHost {
  let isSystemAsked = false;

  async function askSystem(name: string): Promise<readonly HostAddress[]> {
    isSystemAsked = true;
    try {
      return await lookups.bySystem(name);
    } finally {
      isSystemAsked = false;
    }
  }

  async function lookup(name: string): Promise<string> {
    const addresses = await lookups.withoutThread(name).catch((error: unknown) => {
      // Who asks is told so, and asks again in a moment.
      if (isSystemAsked) throw error;
      return askSystem(name);
    });
    // Where there are both: chirp_server listens on IPv4 unless told otherwise.
    const chosen = addresses.find(({ family }) => family === 4) ?? addresses[0];
    if (chosen === undefined) throw new Error("the name has no address");
    return chosen.address;
  }

  return async (server, host) => {
    if (ipVersion(host) !== 0) return host;
    const notFound = (detail: string) =>
      new ChirpError({ code: "ENOTFOUND", operation: "connect", path: "", server, detail });
    let timer: Timer | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(notFound("name lookup timed out")), timeoutMs);
    });
    try {
      return await Promise.race([lookup(host), timeout]);
    } catch (error) {
      throw error instanceof ChirpError ? error : notFound(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
    }
  };
}
