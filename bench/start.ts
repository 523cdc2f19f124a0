/** From the start of the process to "listening on …", against a program that is an empty Bun.serve. */
import { join } from "node:path";
import { startCluster } from "../test/helpers/cluster.ts";
import { atMost, type Question, ratioCells } from "./harness/question.ts";
import { compare, sideBySide } from "./harness/side_by_side.ts";

const ROUNDS = { min: 15, max: 31 };
const LIMIT_MS = 20_000;

const program = join(import.meta.dir, "../src/http.ts");
const empty = join(import.meta.dir, "harness/empty_server.ts");

export const start: Question = {
  name: "start",
  programs: [],
  async ask() {
    await using cluster = await startCluster({ servers: 3 });
    const ours = () => millisecondsToListening([program, "--port", "0", "--servers", cluster.serversFile]);
    const theirs = () => millisecondsToListening([empty]);
    await ours();
    const ratio = compare(await sideBySide(ours, theirs, ROUNDS, Number), Number);
    return [
      {
        what: "start to `listening`, time, to an empty Bun.serve",
        ...ratioCells(ratio),
        rpcs: "",
        reach: atMost(ratio.ratio, 2),
      },
    ];
  },
};

async function millisecondsToListening(words: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = Bun.spawn([process.execPath, ...words], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  let text = "";
  for await (const chunk of child.stderr) {
    text += Buffer.from(chunk).toString();
    if (text.includes("listening on")) break;
  }
  const elapsed = performance.now() - began;
  clearTimeout(timer);
  // Not in good order: an end in good order is not what is measured, and nothing is to be lost.
  child.kill("SIGKILL");
  await child.exited;
  if (!text.includes("listening on")) throw new Error(`${words.join(" ")} did not start: ${text}`);
  return elapsed;
}
