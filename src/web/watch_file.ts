/** Tells when a file was changed or replaced. */
import { watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";

/** Editors write a file in several steps: it counts as changed when it has been quiet for this long. */
const SETTLED_MS = 100;

/** `onFailure`: the system cannot watch (inotify has run out, say). */
export function watchFile(
  path: string,
  onChange: () => void,
  onFailure: (reason: string) => void,
): { readonly close: () => void } {
  const file = resolve(path);
  let timer: Timer | undefined;
  try {
    // The directory is watched, since editors and tools replace the file.
    const watcher = watch(dirname(file), (_, name) => {
      if (name !== basename(file)) return;
      clearTimeout(timer);
      timer = setTimeout(onChange, SETTLED_MS);
    });
    watcher.on("error", (error) => onFailure(error.message));
    return {
      close() {
        clearTimeout(timer);
        watcher.close();
      },
    };
  } catch (error) {
    onFailure(error instanceof Error ? error.message : String(error));
    return { close: () => undefined };
  }
}
