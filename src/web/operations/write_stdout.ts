/** Writing to standard output that never holds up the event loop. */
import { write } from "node:fs";
import { promisify } from "node:util";

const STDOUT = 1;
const writeSome = promisify(write);

/**
 * Writes all of the text; rejects when the output is gone. From a thread of Bun's pool: Bun.write to a pipe that nobody reads
 * stops the whole process.
 */
export async function writeStdout(text: string): Promise<void> {
  const bytes = Buffer.from(text, "utf8");
  for (let offset = 0; offset < bytes.length;) {
    const { bytesWritten } = await writeSome(STDOUT, bytes, offset, bytes.length - offset, null);
    offset += bytesWritten;
  }
}
