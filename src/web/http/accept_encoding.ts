/** Accept-Encoding (RFC 9110, 12.5.3): which of the copies at hand to send. */

/** Codings in the order in which we prefer them when the client does not mind. */
export const contentCodings = ["br", "zstd", "gzip"] as const;
export type ContentCoding = (typeof contentCodings)[number];

/** The name endings of precompressed siblings. */
export const siblingSuffix: Readonly<Record<ContentCoding, string>> = { br: ".br", zstd: ".zst", gzip: ".gz" };

/**
 * The coding to send, or null for the file as it is. `available` is in the server's order of preference.
 *
 * The client's weights decide, ours break ties. What it does not mention is not sent encoded; the plain file counts as
 * weighted below everything that was asked for, unless it is mentioned. When nothing is acceptable the plain file is sent.
 *
 *     gzip, br → br    gzip;q=1, br;q=0.5 → gzip    *;q=0, gzip → gzip    identity, gzip;q=0.5, br;q=0 → null
 */
export function chooseCoding(header: string | null, available: readonly ContentCoding[]): ContentCoding | null {
  if (header === null || available.length === 0) return null;
  const weights = parseWeights(header);
  const anyOther = weights.get("*");
  let best: ContentCoding | null = null;
  // A weight of zero is a refusal; an equal one goes to the encoded copy, which is smaller.
  let bestWeight = Math.max(weights.get("identity") ?? 0, Number.MIN_VALUE);
  for (const coding of available) {
    const weight = weights.get(coding) ?? anyOther ?? 0;
    if (weight > bestWeight || (weight === bestWeight && best === null)) {
      best = coding;
      bestWeight = weight;
    }
  }
  return best;
}

/** Weights by coding in lower case; members that cannot be read are left out. */
function parseWeights(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const item of header.split(",")) {
    const match = /^[ \t]*([!#$%&'*+\-.^_`|~\w]+)[ \t]*(?:;[ \t]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*)?$/.exec(
      item,
    );
    if (match === null) continue;
    const coding = match[1]!.toLowerCase();
    const weight = Number(match[2] ?? "1");
    weights.set(coding === "x-gzip" ? "gzip" : coding, weight);
  }
  return weights;
}
