/** Whose request it is: the other end of the connection, or, behind a reverse proxy of ours, whom that one names. */
import { ipVersion } from "../../chirp/ip_version.ts";

/**
 * The client's address. `peer` is the other end of the connection; `forwardedFor` the X-Forwarded-For header. Proxies append
 * to it, so it is read from its end, as far as the addresses are proxies of ours; whatever the client wrote itself stands
 * before that and is not believed.
 *
 *     peer 10.0.0.1 (trusted), "6.6.6.6, 1.2.3.4" → 1.2.3.4    peer 1.2.3.4, "6.6.6.6" → 1.2.3.4
 */
export function clientAddress(peer: string, forwardedFor: string | null, trusted: ReadonlySet<string>): string {
  let client = plainAddress(peer);
  if (trusted.size === 0 || forwardedFor === null) return client;
  const hops = forwardedFor.split(",");
  while (trusted.has(client)) {
    const hop = plainAddress(hops.pop()?.trim() ?? "");
    if (ipVersion(hop) === 0) break;
    client = hop;
  }
  return client;
}

/** IPv4 addresses as such, also where the system shows them as IPv6: "::ffff:1.2.3.4" → "1.2.3.4". */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

/**
 * Who shares a rate limit: an IPv4 address; of IPv6 the first 64 bits, since everybody has a whole such network.
 *
 *     1.2.3.4 → 1.2.3.4    2001:db8:1:2:a:b:c:d, 2001:db8:1:2::1 → 2001:db8:1:2    ::1 → 0:0:0:0
 */
export function networkOf(address: string): string {
  if (ipVersion(address) !== 6) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const last = tail === "" ? [] : tail.split(":");
    while (groups.length + last.length < 8) groups.push("0");
    groups.push(...last);
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
