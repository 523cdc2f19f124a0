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

export function createLogWriter(write: (text: string) => Promise<unknown>): LogWriter {
  let pending: string[] = [];
  let pendingBytes = 0;
  let dropped = 0;
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
      const text = pending.join("");
      const bytes = pendingBytes;
      pending = [];
      await write(text);
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
      pending.push(line, "\n");
      pendingBytes += line.length + 1;
      if (pendingBytes > FLUSH_BYTES) void flush();
      else timer ??= setTimeout(() => void flush(), FLUSH_MS);
    },
    close: flush,
  };
}
