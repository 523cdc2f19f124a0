/** --progress on a terminal. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../helpers/run.ts";
import { plantSite, startServers } from "./servers.ts";
import { runProgram } from "./sync_run.ts";

const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
/** Of util-linux; it runs a program on a terminal of its own. */
const script = Bun.which("script");
const COLUMNS = 60;

test.skipIf(script === null)(
  "on a terminal: one line that is written over, never wider, cleared for the summary, and still between two cycles",
  async () => {
    await using servers = await startServers();
    const { source, first, second } = servers;
    plantSite(source, 300, 6);
    const targets = `${first.host} /copy ${second.host} /copy`;
    const command = `'${process.execPath}' '${program}' -r -P --settle 0 --every 2 ${source.host} /site ${targets}`;
    const { stdout } = await run(["script", "-qec", `stty cols ${COLUMNS}; timeout -s INT 6 ${command}`, "/dev/null"]);
    const writes = stdout.split("\r\x1b[K");
    const live = writes.filter((text) => /\d+%|files,/.test(text) && !text.includes("copied"));
    expect(live.length).toBeGreaterThan(2);
    expect(Math.max(...live.map((text) => text.length))).toBeLessThan(COLUMNS);
    expect(live.every((text) => !text.includes("\n"))).toBe(true);
    for (const { host } of [first, second]) expect(live.some((text) => text.includes(host))).toBe(true);
    // Whatever is a line of its own begins on a cleared one, and nothing is left behind at the end.
    const summaries = stdout.split("\n").filter((line) => line.includes("copied"));
    expect(summaries.length).toBeGreaterThan(3);
    expect(summaries.every((line) => !line.includes("%") || line.includes("\r\x1b[K"))).toBe(true);
    expect(stdout.endsWith("\n")).toBe(true);
    // A cycle in which nothing is to be done is over before the line would be shown.
    expect(live.filter((text) => text.includes("0/0 files")).length).toBeLessThan(3);
  },
  60_000,
);

test("without --progress, or into a pipe, no control characters", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  for (const words of [[], ["-P"]]) {
    const { stdout, stderr } = await runProgram([...words, source.host, "/site", first.host, "/copy"]);
    expect(stdout + stderr).not.toMatch(/[\r\x1b]/);
    expect(stderr === "").toBe(words.length === 0);
  }
});
