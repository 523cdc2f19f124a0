/** --itemize-changes says what rsync says of the same trees. */
import { expect, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../helpers/run.ts";
import { runProgram } from "./sync_run.ts";

const rsync = Bun.which("rsync");

/** source/ and target/, which differ in every way that there is. */
function plantTrees(directory: string): void {
  for (const path of ["source/d", "source/new", "source/was-file", "target/d", "target/gone"]) {
    mkdirSync(join(directory, path), { recursive: true });
  }
  const plant = (path: string, contents: string, mtime = 1000, mode = 0o644) => {
    writeFileSync(join(directory, path), contents);
    chmodSync(join(directory, path), mode);
    utimesSync(join(directory, path), mtime, mtime);
  };
  for (const name of ["same", "size", "time", "both", "mode", "size-mode", "was-file"]) plant(`target/${name}`, "1234");
  plant("source/same", "1234");
  plant("source/size", "123456");
  plant("source/time", "1234", 2000);
  plant("source/both", "123456", 2000);
  plant("source/mode", "1234", 1000, 0o600);
  plant("source/size-mode", "12", 2000, 0o640);
  plant("source/new/file", "1");
  plant("target/extra", "1");
  plant("target/gone/file", "1");
  plant("source/file-was-link", "1");
  symlinkSync("x", join(directory, "target/file-was-link"));
  symlinkSync("a", join(directory, "source/link"));
  symlinkSync("b", join(directory, "target/link"));
  symlinkSync("x", join(directory, "source/new-link"));
  chmodSync(join(directory, "source/d"), 0o700);
  for (const [path, mtime] of [
    ["source/d", 5000],
    ["target/d", 6000],
    ["source", 7000],
    ["target", 8000],
  ] as const) {
    utimesSync(join(directory, path), mtime, mtime);
  }
}

/** Where links lead is not shown, and their own times are not kept: Chirp cannot set them. */
test.skipIf(rsync === null)(
  "the same lines as rsync, with -p, -c and -I, dry and real",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "chirp-site-itemize-"));
    try {
      plantTrees(directory);
      const copy = (name: string) => {
        cpSync(join(directory, "target"), join(directory, name), {
          recursive: true,
          preserveTimestamps: true,
          verbatimSymlinks: true,
        });
        utimesSync(join(directory, name, "d"), 6000, 6000);
        utimesSync(join(directory, name), 8000, 8000);
      };
      const lines = (text: string) =>
        text
          .split("\n")
          .filter((line) => /^[.<>ch*]\S{8}/.test(line))
          .map((line) => line.replace(/ -> .*/, "").replace("cLc.t", "cLc.."))
          .sort();
      let round = 0;
      for (const option of [[], ["-p"], ["-c"], ["-I"]]) {
        for (const dry of [["-n"], []]) {
          copy(`theirs${++round}`);
          copy(`ours${round}`);
          const theirs = await run([rsync!, "-rlti", "--delete", ...option, ...dry, "source/", `theirs${round}/`], {
            cwd: directory,
          });
          const words = [
            "-r",
            "--delete",
            "--max-delete",
            "100",
            "--settle",
            "0",
            "--itemize-changes",
            ...option,
            ...dry,
          ];
          const ours = await runProgram([...words, "local", "source", "local", `ours${round}`], { cwd: directory });
          expect(ours.exitCode, ours.stderr).toBe(0);
          expect([option, dry, lines(ours.stdout)]).toEqual([option, dry, lines(theirs.stdout)]);
        }
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  60_000,
);
