/** The Host header (RFC 9112, 3.2), as far as Bun leaves it to be judged. */

/** Names, IPv4 and bracketed IPv6 addresses as in a URI, and a port. No comma: Bun joins two headers as "a, b". */
const hostAndPort = /^(?:[A-Za-z0-9\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})+(?::(\d{0,5}))?$/;
const bracketed = /^\[[0-9A-Fa-f:.]{2,45}\](?::(\d{0,5}))?$/;

/** A site is asked for under the same name again and again: comparing costs a tenth of matching. */
let lastAcceptable = "localhost";

/**
 * Whether a request with this Host is to be answered; otherwise 400. Null is fine: Bun itself refuses HTTP/1.1 without
 * Host, so such a request is HTTP/1.0.
 *
 *     example.org:8080, [::1]:80, 127.0.0.1 → true      "", "a, b", "a b", "a/b", "u@b", "<b>", "a:99999" → false
 */
export function isHostAcceptable(host: string | null): boolean {
  if (host === null || host === lastAcceptable) return true;
  const match = hostAndPort.exec(host) ?? bracketed.exec(host);
  if (match === null || Number(match[1] ?? 0) > 65_535) return false;
  lastAcceptable = host;
  return true;
}
