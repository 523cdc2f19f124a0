/** A listener that cannot be opened: what the user has to change. */

export class ListenError extends Error {
  override readonly name = "ListenError";
}

export interface ListenPlace {
  /** The option that says where, for the message. */
  readonly option: string;
  readonly host: string;
  readonly port: number;
}

/** What each error of the system means here, and what to do about it. */
const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there: choose another port, or 0 for a free one",
  EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE: choose a higher port",
  EPERM: "the system does not allow it: choose another port",
  EADDRNOTAVAIL: "this machine has no such address: give one of its own, or 0.0.0.0 for all",
  EAFNOSUPPORT: "this machine has no IPv6: give an IPv4 address",
  EINVAL: "that is no address to listen on",
};

/** Opens a listener; what the system refuses becomes a ListenError, everything else is thrown on. */
export async function openListener<T>({ option, host, port }: ListenPlace, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
    if (!/^E[A-Z]+$/.test(code)) throw error;
    const remedy = remedies[code] ?? "choose another address or port";
    throw new ListenError(`${option}: cannot listen on ${host}:${port} (${code}): ${remedy}`, { cause: error });
  }
}
