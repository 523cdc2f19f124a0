/** How many RPCs it takes until the first byte of a 1 GB file is there, with nothing known of it before. */
import { truncateSync, utimesSync } from "node:fs";
import { atMost, type Question } from "./harness/question.ts";
import { OLD, serve, startSite } from "./harness/site.ts";

const PATH = "/huge.bin";
const BYTES = 1_000_000_000;

export interface FirstByte {
  /** The RPCs up to the one that brought the first bytes, in order. */
  readonly rpcs: readonly string[];
}

export async function countFirstByte(): Promise<FirstByte> {
  await using cluster = await startSite(1, (server) => {
    server.plant(PATH, "", { mtime: OLD });
    const file = server.diskPath(PATH);
    // A hole: what is on the disk plays no part here.
    truncateSync(file, BYTES);
    utimesSync(file, OLD, OLD);
  });
  await using web = await serve(cluster);
  const [server] = cluster.servers;
  await server.forgetRpcs();
  const abort = new AbortController();
  const response = await fetch(web.url + PATH, { signal: abort.signal });
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  if (response.status !== 200 || value === undefined) throw new Error(`no first byte: ${response.status}`);
  const commands = (await server.rpcLog()).map((line) => line.split(" ", 1)[0]!);
  abort.abort();
  const first = commands.findIndex((command) => command === "pread" || command === "getfile");
  return { rpcs: commands.slice(0, first + 1) };
}

export const firstByte: Question = {
  name: "first_byte",
  programs: [],
  async ask() {
    const { rpcs } = await countFirstByte();
    return [
      {
        what: "first byte of a 1 GB file of which nothing is known: RPCs",
        measured: String(rpcs.length),
        spread: "exact",
        rpcs: rpcs.join(", "),
        reach: atMost(rpcs.length, 3),
      },
    ];
  },
};
