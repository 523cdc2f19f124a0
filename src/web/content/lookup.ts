/** What one server says of a path: its answer, or its refusal, in the words of the site. */
import { fileType } from "../../chirp/file_stat.ts";
import { ChirpError } from "../../errors.ts";
import type { FileStat } from "../../protocol.ts";

export type Lookup =
  | { readonly kind: "file"; readonly stat: FileStat }
  | { readonly kind: "directory"; readonly stat: FileStat }
  | { readonly kind: "missing" }
  | { readonly kind: "denied" }
  /** It is there, and the server cannot open it: a loop of symbolic links, a disk error. */
  | { readonly kind: "unreadable" };

export const missing: Lookup = { kind: "missing" };
const denied: Lookup = { kind: "denied" };
export const unreadable: Lookup = { kind: "unreadable" };

export function lookupOf(stat: FileStat): Lookup {
  switch (fileType(stat)) {
    case "file":
      return { kind: "file", stat };
    case "directory":
      return { kind: "directory", stat };
    default:
      // FIFOs, devices, sockets: opening one would hang the server.
      return missing;
  }
}

/** What a failure says of a path. Rethrows what accuses the server, or is no ChirpError. */
export function verdictOf(error: unknown): Lookup {
  if (!(error instanceof ChirpError)) throw error;
  switch (error.code) {
    case "ENOENT":
    case "ENOTDIR":
    case "ENAMETOOLONG":
    case "EINVAL":
      return missing;
    case "EACCES":
    case "EPERM":
      return denied;
    default:
      if (error.blame !== "path") throw error;
      return unreadable;
  }
}
