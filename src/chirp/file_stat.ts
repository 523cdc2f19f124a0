/** What a FileStat says. */
import type { FileStat, FileVersion } from "../protocol.ts";

const TYPE_MASK = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const SYMBOLIC_LINK = 0o120000;

/** "unknown": the server could not lstat the entry (it sends zeros then). "special": FIFO, device, socket. */
export type FileType = "file" | "directory" | "link" | "special" | "unknown";

export function fileType({ mode }: FileStat): FileType {
  switch (mode & TYPE_MASK) {
    case REGULAR:
      return "file";
    case DIRECTORY:
      return "directory";
    case SYMBOLIC_LINK:
      return "link";
    case 0:
      return "unknown";
    default:
      return "special";
  }
}

export function versionOf({ size, mtime, ctime, inode }: FileStat): FileVersion {
  return { size, mtime, ctime, inode };
}

/** Same file on the same server, unchanged as far as whole seconds tell. */
export function isSameVersion(a: FileVersion, b: FileVersion): boolean {
  return a.size === b.size && a.mtime === b.mtime && a.ctime === b.ctime && a.inode === b.inode;
}
