/** The framing of multipart/byteranges (RFC 9110, 14.6): what stands before, between and after the parts, and how long it all is. */
import type { ByteRange } from "./range.ts";

export interface MultipartPart extends ByteRange {
  /** What goes out before the bytes of the range, its delimiter included. ASCII. */
  readonly head: string;
}

export interface Multipart {
  readonly contentType: string;
  readonly parts: readonly MultipartPart[];
  /** What goes out after the last range. ASCII. */
  readonly tail: string;
  /** Of the whole body, exactly, in bytes. */
  readonly length: number;
}

/**
 * `boundary` must be random enough not to occur in the file: 24 characters of [A-Za-z0-9] or so. The media type is that
 * of the file, `size` its full size.
 */
export function frameMultipart(
  ranges: readonly ByteRange[],
  size: number,
  mediaType: string,
  boundary: string,
): Multipart {
  const parts = ranges.map(({ start, end }, index): MultipartPart => {
    const delimiter = `${index === 0 ? "" : "\r\n"}--${boundary}\r\n`;
    const head = `${delimiter}Content-Type: ${mediaType}\r\nContent-Range: ${contentRange({ start, end }, size)}\r\n\r\n`;
    return { start, end, head };
  });
  const tail = `\r\n--${boundary}--\r\n`;
  const length = parts.reduce((sum, { start, end, head }) => sum + head.length + end - start, tail.length);
  return { contentType: `multipart/byteranges; boundary=${boundary}`, parts, tail, length };
}

/** The value of Content-Range: "bytes 0-4/10". */
export function contentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}
