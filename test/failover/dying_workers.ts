/**
 * Calls that no caller should make, and of which workers die: a file of size -1 has no room in memory. Then one that any
 * worker can answer: bun dying_workers.ts HOST
 */
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

async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "answered";
  } catch (error) {
    return error instanceof ChirpError ? error.message : `unexpected: ${String(error)}`;
  }
}

const deadly = Array.from({ length: 4 }, () => lane.call({ kind: "getFile", path: "/a", size: -1 }));
for (const line of await Promise.all(deadly.map(outcome))) console.log(line);
console.log(await outcome(lane.call({ kind: "whoami" })));
await lane.close();
