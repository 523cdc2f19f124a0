/** Byte paths: names on Chirp servers, one character for each byte. */
import type { BytePath } from "../protocol.ts";

/** A path that a person wrote, as bytes: its UTF-8. "/café" → "/caf\u00c3\u00a9". */
export function bytePath(text: string): BytePath {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** ("/a", "b") → "/a/b"; ("/", "b") → "/b". */
export function joinPath(directory: BytePath, name: BytePath): BytePath {
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}

/** "/a/b" → "/a"; "/b" → "/"; "/" → "/". */
export function parentPath(path: BytePath): BytePath {
  const end = path.lastIndexOf("/");
  return end <= 0 ? "/" : path.slice(0, end);
}

/** "/a/b" → "b"; "/" → "". */
export function baseName(path: BytePath): BytePath {
  return path.slice(path.lastIndexOf("/") + 1);
}
