/**
 * Many workers of one lane, each with its own copy of the native library, all calling at once. In a process of its own, so that
 * its $TMPDIR can be looked into: `bun many_workers.ts HOST:PORT WORKERS CALLS`. Prints what went wrong as a JSON list.
 */
import { createLane } from "../../src/chirp/lane.ts";
import { parseServerAddress } from "../../src/chirp/server_address.ts";

const [hostPort, workers, calls] = process.argv.slice(2) as [string, string, string];
const { server, host, port } = parseServerAddress(hostPort);
const lane = createLane({
  server,
  host,
  port,
  workers: Number(workers),
  queueLimit: 100,
  timeoutMs: 60_000,
  connectTimeoutSeconds: 30,
  auth: ["address"],
  tickets: "",
});

/** Each file's size is its number, so that an answer to somebody else's question is seen. */
async function askInTurn(first: number, count: number): Promise<string[]> {
  const wrong: string[] = [];
  for (let number = first; number < first + count; number++) {
    try {
      const { size } = await lane.call({ kind: "stat", path: `/${number % 100}` });
      if (size !== number % 100) wrong.push(`/${number % 100} has size ${size}`);
    } catch (error) {
      wrong.push(String(error));
    }
  }
  return wrong;
}

const perWorker = Number(calls);
const wrong = await Promise.all(
  Array.from({ length: Number(workers) }, (_, worker) => askInTurn(worker * perWorker, perWorker)),
);
console.log(JSON.stringify({ wrong: wrong.flat(), rpcs: lane.rpcs }));
await lane.close();
