/** A listing as it is sent. The servers are asked once in a TTL, and the page is rendered once for each answer. */
import type { BytePath, DirectoryEntry } from "../../protocol.ts";
import { htmlPageHeaders } from "../pages/html.ts";
import { listingHtml, listingJson, prefersJson } from "../pages/listing.ts";

export interface ListingAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Blob;
}

const shared = { Vary: "Accept", "Cache-Control": "no-cache" };
const htmlHeaders = { ...htmlPageHeaders(), ...shared };
const jsonHeaders = {
  "Content-Type": "application/json; charset=utf-8",
  "X-Content-Type-Options": "nosniff",
  ...shared,
};

const renderedHtml = new WeakMap<readonly DirectoryEntry[], Blob>();
const renderedJson = new WeakMap<readonly DirectoryEntry[], Blob>();

/** `path` is the one in the URL; equal `entries` (the same array) are those of one path. */
export function listingAnswer(
  path: BytePath,
  entries: readonly DirectoryEntry[],
  accept: string | null,
): ListingAnswer {
  const isJson = prefersJson(accept);
  const rendered = isJson ? renderedJson : renderedHtml;
  let body = rendered.get(entries);
  if (body === undefined) {
    body = new Blob([isJson ? listingJson(path, entries) : listingHtml(path, entries)]);
    rendered.set(entries, body);
  }
  return { headers: isJson ? jsonHeaders : htmlHeaders, body };
}
