/**
 * Lines on a standard stream, in order and without waiting for whoever reads them. Not by way of process.stdout, whose
 * modules take 10 ms to load, a third of a short run, and which throws at somebody far away when the reader has gone.
 */
import type { BunFile } from "bun";

export interface TextOutput {
  write(text: string): void;
  /** Done when all that was written has been taken. What went wrong first; null: nothing. */
  end(): Promise<Error | null>;
}

/**
 * @param maxWaiting Characters that may wait for a slow reader; what is beyond is lost, which end() tells. A program that ends soon may keep
 * all of its own output.
 */
export function openTextOutput(file: BunFile, maxWaiting = Infinity): TextOutput {
  const sink = file.writer();
  let failure: Error | null = null;
  let waiting = 0;

  function fail(error: unknown): void {
    failure ??= error instanceof Error ? error : new Error(String(error));
  }

  async function put(text: string): Promise<void> {
    waiting += text.length;
    try {
      await Promise.all([sink.write(text), sink.flush()]);
    } catch (error) {
      fail(error);
    }
    waiting -= text.length;
  }

  return {
    write(text) {
      if (waiting + text.length > maxWaiting) return fail(new Error("nobody reads it"));
      void put(text);
    },
    async end() {
      try {
        await sink.end();
      } catch (error) {
        fail(error);
      }
      return failure;
    },
  };
}
