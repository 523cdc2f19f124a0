import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { diskTree, startServers } from "./servers.ts";
import { runProgram } from "./sync_run.ts";

test("--check: what cannot be compared is a line like the others, in JSON as well, and --quiet is quiet", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plantDirectory("/site/bad\u0007", { acl: ["hostname:nobody r"] });
  first.plantDirectory("/copy/bad\u0007");
  const words = ["-r", "--check", source.host, "/site", first.host, "/copy"];
  const text = await runProgram(words);
  expect([text.exitCode, text.stdout.split("\n")[0]]).toEqual([23, "! bad\\x07"]);
  const { stdout } = await runProgram(["--json", ...words]);
  const objects = stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as object]));
  expect(objects).toContainEqual(expect.objectContaining({ event: "difference", path: "bad\\x07", sign: "!" }));
  expect((await runProgram(["--quiet", ...words])).stdout).toBe("");
  expect(existsSync(diskTree(first, "/copy/.__chirpsync"))).toBe(false);
});

test("--check counts as copied what a run with --delete would copy, also in a directory's place", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/file", "1234", { mtime: 1 });
  first.plant("/copy/file/below", "x", { mtime: 1 });
  const words = ["-r", "--check", "--delete", "--json", source.host, "/site", first.host, "/copy"];
  const { exitCode, stdout } = await runProgram(words);
  const report = JSON.parse(stdout.trimEnd().split("\n").at(-2)!) as object;
  expect([exitCode, report]).toEqual([1, expect.objectContaining({ copied: 1, bytes: 4 })]);
});
