/** docs/chirp_synchronize.md is true: its examples run, all options are in it, the manual page is built from it. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "../../src/sync/options/command_line.ts";
import { renderManPage } from "../../scripts/render_man_page.ts";
import { run } from "../helpers/run.ts";
import { diskTree, startServers } from "./servers.ts";
import { describeTree } from "./sync_run.ts";

const docs = join(import.meta.dir, "../../docs");
const page = readFileSync(join(docs, "chirp_synchronize.md"), "utf8");
const command = join(import.meta.dir, "../../bin/chirp_synchronize.ts");

test("the examples run, in their order", async () => {
  await using servers = await startServers();
  const { cluster, source, first, second } = servers;
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-docs-"));
  try {
    mkdirSync(join(directory, "dist/assets"), { recursive: true });
    writeFileSync(join(directory, "dist/index.html"), "<h1>site");
    writeFileSync(join(directory, "dist/assets/style.css"), "h1 {}");
    writeFileSync(join(directory, "servers.txt"), readFileSync(cluster.serversFile));
    const block = /```sh\n(.*?)```/s.exec(page)?.[1] ?? "";
    const lines = block.split("\n").filter((line) => line.startsWith("chirp_synchronize"));
    expect(lines.length).toBeGreaterThanOrEqual(7);
    for (const line of lines) {
      const shell = line
        .replace("chirp_synchronize", `'${process.execPath}' '${command}'`)
        .replaceAll("hostA", source.host)
        .replaceAll("hostB", first.host)
        .replaceAll("hostC", second.host);
      const { exitCode, stdout, stderr } = await run(["sh", "-c", shell], { cwd: directory });
      expect(exitCode, `${line}\n${stdout}${stderr}`).toBe(0);
    }
    for (const server of [first, second]) {
      expect(describeTree(diskTree(server, "/site"))).toEqual(describeTree(join(directory, "dist")));
    }
    expect(describeTree(join(directory, "copy"))).toEqual(describeTree(join(directory, "dist")));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);

test("every option is in it, with its letter and its default", () => {
  for (const [name, option] of Object.entries(program.options)) {
    const row = page.split("\n").find((line) => line.startsWith("|") && line.includes(`\`--${name}`));
    expect(row ?? "missing", name).not.toBe("missing");
    if ("letter" in option) expect(row).toContain(`\`-${option.letter}\`, \`--${name}`);
    if ("default" in option && option.default !== "0" && option.type === "value") expect(row).toContain(option.default);
  }
});

test("the manual page is built from it (bun scripts/man_page.ts)", () => {
  expect(readFileSync(join(docs, "chirp_synchronize.1"), "utf8")).toBe(renderManPage(page));
});
