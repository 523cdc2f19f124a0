/** Writes log lines to standard output, many at a time, without ever holding up a request. */

export interface LogWriter {
  write(line: string): void;
  /** Lines that were dropped since nobody reads the output. */
  readonly dropped: number;
  /** Writes what is left. */
  close(): Promise<void>;
}

const FLUSH_MS = 200;
/** If whoever reads our output stops reading, lines beyond this are dropped and counted, rather than memory filled. */
const PENDING_MAX_BYTES = 16 * 1024 * 1024;
const FLUSH_BYTES = 64 * 1024;
/** Whoever does not read at the end either is not waited for longer than this. */
const CLOSE_LIMIT_MS = 1_000;

/** `onFailure` is told once: the output is gone (a closed pipe, a full disk). The site goes on without its log. */
export function createLogWriter(
  write: (text: string) => Promise<unknown>,
  onFailure: (error: unknown) => void,
): LogWriter {
  let pending: string[] = [];
  let pendingBytes = 0;
  let dropped = 0;
  let hasFailed = false;
  let flushing: Promise<void> | undefined;
  let timer: Timer | undefined;

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    flushing ??= writeAll().finally(() => (flushing = undefined));
    return flushing;
  }

  async function writeAll(): Promise<void> {
    while (pending.length > 0) {
      const lines = pending;
      const bytes = pendingBytes;
      pending = [];
      try {
        await write(lines.join(""));
      } catch (error) {
        dropped += lines.length;
        if (!hasFailed) onFailure(error);
        hasFailed = true;
      }
      pendingBytes -= bytes;
    }
  }

  return {
    get dropped() {
      return dropped;
    },
    write(line) {
      if (pendingBytes > PENDING_MAX_BYTES) {
        dropped++;
        return;
      }
      pending.push(`${line}\n`);
      pendingBytes += line.length + 1;
      if (pendingBytes > FLUSH_BYTES) void flush();
      else timer ??= setTimeout(() => void flush(), FLUSH_MS);
    },
    async close() {
      await Promise.race([flush(), Bun.sleep(CLOSE_LIMIT_MS)]);
    },
  };
}
