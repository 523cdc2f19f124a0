/** Writing to standard output that never holds up the event loop. */
import { write } from "node:fs";
import { promisify } from "node:util";

const STDOUT = 1;
/** Whoever reads slowly is looked after so often. */
const RETRY_MS = 20;
const writeSome = promisify(write);

/**
 * Writes all of the text, however slowly it is read; rejects when the output is gone. From a thread of Bun's pool: Bun.write to a
 * pipe that nobody reads stops the whole process.
 */
export async function writeStdout(text: string): Promise<void> {
  const bytes = Buffer.from(text, "utf8");
  for (let offset = 0; offset < bytes.length;) {
    offset += await writeWhatFits(bytes.subarray(offset));
  }
}

/**
 * Where standard error is the same pipe or socket (2>&1, the journal of systemd), Bun has made it one that does not wait, when it wrote
 * there: a full one says EAGAIN then, and is no less there than one that lets us wait.
 */
async function writeWhatFits(bytes: Uint8Array): Promise<number> {
  try {
    return (await writeSome(STDOUT, bytes)).bytesWritten;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    await Bun.sleep(RETRY_MS);
    return 0;
  }
}
