/**
 * Calls a lane whose workers die at their start, since $TMPDIR, where each makes its copy of the library, is not there; then
 * makes it, and calls again: TMPDIR=/nowhere bun dying_workers.ts HOST
 */
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { createLane } from "../../src/chirp/lane.ts";
import { parseServerAddress } from "../../src/chirp/server_address.ts";
import { ChirpError } from "../../src/errors.ts";

const lane = createLane({
  ...parseServerAddress(process.argv[2] ?? ""),
  workers: 2,
  queueLimit: 10,
  timeoutMs: 5_000,
  connectTimeoutSeconds: 5,
  auth: ["unix", "hostname", "address"],
  tickets: "",
});

async function outcome(): Promise<string> {
  try {
    return (await lane.call({ kind: "whoami" })) === "" ? "nobody" : "answered";
  } catch (error) {
    return error instanceof ChirpError ? error.message : `unexpected: ${String(error)}`;
  }
}

for (const line of await Promise.all(Array.from({ length: 4 }, outcome))) console.log(line);
mkdirSync(tmpdir());
console.log(await outcome());
await lane.close();
