/** Text and bytes as C takes them. */

/** Text of ours, as UTF-8, NUL-terminated. */
export function utf8Text(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf8");
}

/**
 * One character a byte, NUL-terminated. null for what is not bytes (a character above \xff would become another one, a
 * slash perhaps), or holds a NUL, where C would see the end.
 */
export function byteText(bytes: string): Buffer | null {
  return /^[\x01-\xff]*$/s.test(bytes) ? Buffer.from(`${bytes}\0`, "latin1") : null;
}

const noBytes = new Uint8Array(1);

/** bun:ffi has no address for an empty view, and needs none: its length is passed as 0. */
export function pointerTo(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === 0 ? noBytes : bytes;
}
