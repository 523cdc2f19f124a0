/** Content-Type by the name of a file. */
import type { Mime } from "mime";
import { baseName } from "../../chirp/byte_path.ts";
import type { BytePath } from "../../protocol.ts";

let mime: Mime | undefined;

/**
 * Loads the table of types: 9 ms, half of an empty server's start, so that this is for when it listens. Not for the first
 * request: with no file descriptor free it cannot be read, and Bun finds it missing from then on.
 */
export function loadMediaTypes(): void {
  mediaTypes();
}

function mediaTypes(): Mime {
  mime ??= (require("mime") as { default: Mime }).default;
  return mime;
}

const unknown = "application/octet-stream";

/**
 * Types that are text and do not say their encoding themselves. XML (image/svg+xml included) does, in its first line or by
 * being UTF-8, and a charset here would overrule it.
 */
const textType = /^(?:text\/(?!xml$).*|application\/(?:javascript|json|.*\+json))$/;

/** Text, and the formats that are text inside. Images, films, fonts in WOFF and archives are compressed already. */
const compressible =
  /^(?:text\/|application\/(?:javascript|json|xml|wasm|.*\+(?:json|xml)|vnd\.ms-fontobject)|image\/(?:svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)|font\/(?:ttf|otf))/;

/** Whether files of a type become smaller by compressing. */
export function isCompressible(mediaType: string): boolean {
  return compressible.test(mediaType);
}

/**
 * The value of Content-Type for a file, by the last extension of its name, in any case.
 *
 *     index.HTML → text/html; charset=utf-8    a.tar.gz → application/gzip    README, .js, x.nonsense → application/octet-stream
 */
export function mediaTypeOf(path: BytePath): string {
  const name = baseName(path);
  const dot = name.lastIndexOf(".");
  const type = dot > 0 ? mediaTypes().getType(name.slice(dot + 1)) : null;
  if (type === null) return unknown;
  return textType.test(type) ? `${type}; charset=utf-8` : type;
}
