import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { bytePath, joinPath } from "../chirp/byte_path.ts";
import { type Chirp, openChirp } from "../ffi.ts";
import type { BytePath } from "../protocol.ts";

export interface Published {
  readonly files: number;
  readonly bytes: number;
}

/** The synchroniser leaves what was changed this very second for its next run; the site is a little older than that. */
const ageSeconds = 60;

/** Copies a local directory to a new directory of a Chirp server. Blocks; nothing is being served yet. */
export function publishSite(directory: string, host: string, target: string): Published {
  using chirp = openChirp({ host });
  return publishDirectory(chirp, directory, bytePath(target), Math.floor(Date.now() / 1000) - ageSeconds);
}

function publishDirectory(chirp: Chirp, directory: string, target: BytePath, mtime: number): Published {
  chirp.mkdir(target);
  let [files, bytes] = [0, 0];
  for (const name of readdirSync(directory)) {
    const source = join(directory, name);
    const path = joinPath(target, bytePath(name));
    if (statSync(source).isDirectory()) {
      const inside = publishDirectory(chirp, source, path, mtime);
      files += inside.files;
      bytes += inside.bytes;
      continue;
    }
    const contents = readFileSync(source);
    chirp.putFile(path, contents, 0o644);
    chirp.utime(path, mtime);
    files += 1;
    bytes += contents.length;
  }
  return { files, bytes };
}
