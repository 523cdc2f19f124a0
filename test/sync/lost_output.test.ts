/** Whoever reads the output leaves, or its disk is full: the copies are made all the same; what is lost is told. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../helpers/run.ts";
import { diskTree, plantSite, startServers } from "./servers.ts";
import { describeTree } from "./sync_run.ts";

const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");

test.each<[redirection: string, exitCode: number, says: RegExp]>([
  ["| head -n 1", 0, /^$/],
  ["> /dev/full", 11, /^chirp_synchronize: standard output: ENOSPC: .*: some lines are lost\n$/],
])("-v %s: exit code %i", async (redirection, code, says) => {
  await using servers = await startServers();
  const { source, first } = servers;
  plantSite(source, 40, 4);
  const command = `'${process.execPath}' '${program}' -rv --settle 0 ${source.host} /site ${first.host} /copy`;
  const { exitCode, stderr } = await run(["bash", "-o", "pipefail", "-c", `${command} ${redirection}`]);
  expect(stderr).toMatch(says);
  expect(exitCode).toBe(code);
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
});
