/** The source has a file, or a link, where the target has a directory. */
import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { diskTree, startServers } from "./servers.ts";
import { describeTree, runProgram } from "./sync_run.ts";

const names = (directory: string) => describeTree(directory, { times: false }).map((line) => line.split(" ")[0]);
const whole = ["/x/", "/x/deep/", "/x/deep/f", "/x/g"];

test.each<[words: string[], exitCode: number, left: string[]]>([
  [[], 23, whole],
  [["-r"], 23, whole],
  [["--delete"], 23, whole],
  [["--force"], 0, ["/x"]],
  [["--force", "-n"], 0, whole],
  [["-r", "--delete"], 0, ["/x"]],
  [["-r", "--delete", "--max-delete", "3"], 25, whole],
  [["-r", "--force", "--exclude", "g"], 23, whole],
  [["-r", "--delete", "--exclude", "f", "--ignore-errors"], 23, whole],
  [["-r", "--force", "--ignore-existing"], 0, whole],
])("a directory in the way of a file, %j: %d", async (words, exitCode, left) => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/x", "file", { mtime: 1 });
  first.plant("/copy/x/deep/f", "data");
  first.plant("/copy/x/g", "data");
  const result = await runProgram([...words, "--settle", "0", source.host, "/site", first.host, "/copy"]);
  expect([result.exitCode, result.stderr === ""]).toEqual([exitCode, exitCode === 0]);
  expect(names(diskTree(first, "/copy"))).toEqual(left);
});

test("a directory in the way of a link", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  symlinkSync("elsewhere", diskTree(source, "/site/x"));
  first.plant("/copy/x/f", "data");
  const words = ["-r", "--settle", "0", source.host, "/site", first.host, "/copy"];
  expect((await runProgram(words)).exitCode).toBe(23);
  expect((await runProgram(["--delete", ...words])).exitCode).toBe(0);
  expect(names(diskTree(first, "/copy"))).toEqual(["/x"]);
});
