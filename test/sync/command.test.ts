/** chirp_synchronize as people call it: words, lines and exit codes. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../helpers/run.ts";
import { diskTree, plantSite, startServers } from "./servers.ts";
import { describeTree, runProgram, writingRpcs } from "./sync_run.ts";
import { waitUntil } from "./wait.ts";

const LIMIT_MS = 60_000;

test(
  "words that are not understood: message, 2, nothing asked of any server",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    const [a, b] = [source.host, first.host];
    const cases: readonly (readonly [words: string[], part: string])[] = [
      [["--dry-rn", "--delete", a, "/site", b, "/copy"], "--dry-rn"],
      [[a, "/site"], "target"],
      [[], "argument missing"],
      [[a, "/site", b], "no directory"],
      [[a, "/site", b, "/copy", first.host], "no directory"],
      [[a, "/site", "host:port", "/copy"], "port"],
      [[a, "/site", "host:99999", "/copy"], "port"],
      [[a, "/site", "::1", "/copy"], "::1"],
      [[a, "/site", b, ""], "empty"],
      [[a, "/site", a, "/site"], "same directory"],
      [[a, "/site", a, "/site/"], "same directory"],
      [[a, "/site", a, "/site/below"], "inside"],
      [[a, "/site/below", a, "/site"], "inside"],
      [[a, "/site", b, "/x", b, "/x/y"], "two targets"],
      [["--max-size", "big", a, "/site", b, "/copy"], "--max-size"],
      [["--timeout", "0", a, "/site", b, "/copy"], "--timeout"],
      [["--timeout", "soon", a, "/site", b, "/copy"], "--timeout"],
      [["--max-delete", "many", a, "/site", b, "/copy"], "--max-delete"],
      [["--max-delete", "101%", a, "/site", b, "/copy"], "--max-delete"],
      [["--transfers", "0", a, "/site", b, "/copy"], "--transfers"],
      [["--every", "-1", a, "/site", b, "/copy"], "--every"],
      [["--exclude-from", "/does/not/exist", a, "/site", b, "/copy"], "/does/not/exist"],
      [["--servers", "/does/not/exist", a, "/site", "/copy"], "/does/not/exist"],
      [["-a", "magic", a, "/site", b, "/copy"], "magic"],
      [["-v", "-q", a, "/site", b, "/copy"], "--quiet"],
    ];
    for (const [words, part] of cases) {
      const { exitCode, stderr, stdout } = await runProgram(words);
      expect(`${words.join(" ")}: ${exitCode} ${stderr}`).toContain(": 2 chirp_synchronize: ");
      expect(stderr).toContain(part);
      expect(stdout).toBe("");
    }
    expect(await source.rpcLog()).toEqual([]);
    expect(await first.rpcLog()).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "overlapping directories are refused also under two names of one host, through links, and write nothing",
  async () => {
    await using servers = await startServers();
    const { source } = servers;
    source.plant("/site/below/f", "1", { mtime: 1 });
    symlinkSync("site", diskTree(source, "/alias"));
    const before = describeTree(diskTree(source, "/"), { times: false });
    for (const [server, directory] of [
      [`localhost:${source.port}`, "/site"],
      [`localhost:${source.port}`, "/site/below"],
      [source.host, "/alias"],
      [source.host, "/alias/new"],
    ] as const) {
      const { exitCode, stderr } = await runProgram(["-r", source.host, "/site", server, directory]);
      expect(`${server} ${directory}: ${exitCode} ${stderr}`).toContain(": 2 chirp_synchronize: ");
      expect(stderr).toMatch(/same directory|inside/);
    }
    const up = await runProgram(["-r", source.host, "/site/below", `localhost:${source.port}`, "/site"]);
    expect(up.exitCode).toBe(2);
    // A marker may have lain there for a moment, which changes times; nothing stays.
    expect(describeTree(diskTree(source, "/"), { times: false })).toEqual(before);
  },
  LIMIT_MS,
);

test(
  "roots that are missing, files, or without a parent end with 3",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    source.plant("/site/file", "x", { mtime: 1 });
    first.plant("/file", "x", { mtime: 1 });
    for (const words of [
      [source.host, "/missing", first.host, "/copy"],
      [source.host, "/site/file", first.host, "/copy"],
      [source.host, "/site", first.host, "/file"],
      [source.host, "/site", first.host, "/no/parent"],
      [source.host, "/site", first.host, "/file/below"],
    ]) {
      const { exitCode, stderr } = await runProgram(["-r", ...words]);
      expect(`${words.join(" ")}: ${exitCode} ${stderr}`).toContain(": 3 chirp_synchronize: ");
    }
    expect(writingRpcs(await first.countRpcs())).toEqual([]);
  },
  LIMIT_MS,
);

test(
  "--dry-run prints the lines of the real run, and writes nothing",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    plantSite(source, 30, 3);
    source.plant("/site/changed", "new", { mtime: 5 });
    source.plant("/site/touched", "same", { mtime: 5 });
    source.plant("/site/was-directory", "file".repeat(10_000), { mtime: 5 });
    source.plantDirectory("/site/was-file/empty");
    symlinkSync("changed", diskTree(source, "/site/link"));
    first.plant("/copy/changed", "older", { mtime: 4 });
    first.plant("/copy/touched", "same", { mtime: 4 });
    first.plant("/copy/was-directory/f", "x", { mtime: 4 });
    first.plant("/copy/was-file", "x", { mtime: 4 });
    first.plant("/copy/gone/f", "x", { mtime: 4 });
    const words = [
      "-r",
      "--delete",
      "-c",
      "--itemize-changes",
      "--settle",
      "0",
      source.host,
      "/site",
      first.host,
      "/copy",
    ];
    const before = describeTree(diskTree(first, "/copy"));
    const dry = await runProgram(["-n", ...words]);
    expect(dry.exitCode).toBe(0);
    expect(writingRpcs(await first.countRpcs())).toEqual([]);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(before);
    const real = await runProgram(words);
    expect(real.exitCode, real.stderr).toBe(0);
    const lines = (text: string) => text.trimEnd().split("\n").slice(0, -1);
    const counts = (text: string) => /copied.*failed \d+; [^ ]+ [^ ]+ in/.exec(text)?.[0];
    expect(lines(real.stdout)).toEqual(lines(dry.stdout));
    expect(counts(real.stdout)).toBe(counts(dry.stdout));
    expect(lines(dry.stdout)).toContain("*deleting   gone/");
    expect(lines(dry.stdout)).toContain(">fcst...... changed");
    expect(lines(dry.stdout)).toContain(".f..t...... touched");
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  },
  LIMIT_MS,
);

test(
  "without -r only the files directly in the directory",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    source.plant("/site/a", "a", { mtime: 1 });
    source.plant("/site/below/b", "b", { mtime: 1 });
    first.plant("/copy/kept/c", "c", { mtime: 1 });
    const { exitCode } = await runProgram(["--delete", "--settle", "0", source.host, "/site", first.host, "/copy"]);
    expect(exitCode).toBe(0);
    expect(describeTree(diskTree(first, "/copy"), { times: false }).map((line) => line.split(" ")[0])).toEqual([
      "/a",
      "/kept/",
      "/kept/c",
    ]);
  },
  LIMIT_MS,
);

test("--json: schema first, an object per replica with its counts, and the end", async () => {
  await using servers = await startServers();
  const { source, first, second } = servers;
  source.plant("/site/caf\u00e9 \u0007", "1", { mtime: 1 });
  source.plant(Buffer.from([...Buffer.from("/site/"), 0xff]), "2", { mtime: 1 });
  const words = ["--json", source.host, "/site", first.host, "/copy", second.host, "/copy"];
  const { exitCode, stdout } = await runProgram(words);
  expect(exitCode).toBe(0);
  const objects = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(objects[0]).toEqual({ schema: "chirp_synchronize/1" });
  const replicas = objects.filter((object) => "copied" in object);
  expect(replicas.map(({ replica }) => replica)).toEqual([first.host, second.host]);
  expect(replicas[0]).toMatchObject({ copied: 2, updated: 0, deleted: 0, unchanged: 0, failed: 0, bytes: 2, exit: 0 });
  expect(replicas[0]?.["rpcs"]).toBeGreaterThan(5);
  expect(objects.at(-1)).toMatchObject({ event: "end", exit: 0 });
  const bytes = objects.find(({ path }) => path === "\\xff");
  expect(Buffer.from(String(bytes?.["pathBase64"]), "base64")[0]).toBe(0xff);
});

test("--check compares only: signs, counts, 1 when they differ", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/same", "1", { mtime: 1 });
  source.plant("/site/differs", "1", { mtime: 1 });
  source.plant("/site/new/f", "1", { mtime: 1 });
  first.plant("/copy/same", "1", { mtime: 1 });
  first.plant("/copy/differs", "22", { mtime: 1 });
  first.plant("/copy/extra", "1", { mtime: 1 });
  const words = ["-r", "--check", source.host, "/site", first.host, "/copy"];
  const { exitCode, stdout } = await runProgram(words);
  expect(exitCode).toBe(1);
  expect(stdout.split("\n").slice(0, 5).sort()).toEqual(["* differs", "+ new/", "+ new/f", "- extra", "= same"]);
  expect(writingRpcs(await first.countRpcs())).toEqual([]);
  await runProgram(["-r", "--delete", "--settle", "0", source.host, "/site", first.host, "/copy"]);
  expect((await runProgram(words)).exitCode).toBe(0);
});

test("--check: what cannot be compared is named as the rest is, also to -q on standard error alone", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/café/\u001bx/f", "1", { mtime: 1 });
  first.plant("/copy/café/\u001bx/f", "1", { mtime: 1 });
  first.plantDirectory("/copy/café/\u001bx", { acl: [] });
  const words = ["-r", "--check", source.host, "/site", first.host, "/copy"];
  const { stdout } = await runProgram(words);
  expect(stdout.split("\n")[0]).toBe("! café/\\x1bx");
  const quiet = await runProgram(["-q", ...words]);
  expect(quiet.stdout.split("\n").filter((line) => line.startsWith("!"))).toEqual([]);
  expect(quiet.stderr).toContain(`${first.host} "/copy/café/\\x1bx": list: permission denied`);
});

test("--servers: all of a servers.txt but the source", async () => {
  await using servers = await startServers();
  const { cluster, source, first, second } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  const { exitCode } = await runProgram(["-r", "--servers", cluster.serversFile, source.host, "/site", "/copy"]);
  expect(exitCode).toBe(0);
  for (const target of [first, second]) expect(await Bun.file(diskTree(target, "/copy/a")).text()).toBe("a");
});

test("--servers: the source is left out under another name too, wherever its directory is", async () => {
  await using servers = await startServers();
  const { cluster, source, first } = servers;
  source.plant("/site/a", "a", { mtime: 1 });
  const file = join(cluster.directory, "aliases.txt");
  for (const name of ["localhost", "LocalHost"]) {
    writeFileSync(file, `${name}:${source.port}\n${first.host}\n`);
    for (const directory of ["/site", "/other"]) {
      const words = ["-r", "--settle", "0", "--servers", file, source.host, "/site", directory];
      const { exitCode, stdout, stderr } = await runProgram(words);
      expect(`${exitCode} ${stderr}`).toBe("0 ");
      expect(
        stdout
          .trim()
          .split("\n")
          .map((line) => line.split(" ")[0]),
      ).toEqual([first.host]);
    }
  }
  writeFileSync(file, `localhost:${source.port}\n`);
  const alone = await runProgram(["-r", "--servers", file, source.host, "/site", "/other"]);
  expect([alone.exitCode, alone.stderr]).toEqual([2, "chirp_synchronize: the list names no server but the source\n"]);
  expect(writingRpcs(await source.countRpcs())).toEqual([]);
});

test("names that are no UTF-8, which the command line cannot carry, are refused", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  const words = `-r ${source.host} /site ${first.host} "$(printf '/caf\\351')"`;
  const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
  const { exitCode, stderr } = await run(["sh", "-c", `'${process.execPath}' '${program}' ${words}`]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("no UTF-8");
  expect(await first.rpcLog()).toEqual([]);
});

test(
  "--every: cycles follow one another, survive a dead source, and SIGTERM ends between them with 0",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    source.plant("/site/a", "1", { mtime: 1 });
    const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
    const words = ["-r", "--every", "1", "--settle", "0", "--retries", "0", source.host, "/site", first.host, "/copy"];
    const child = Bun.spawn([process.execPath, program, ...words], { stdout: "pipe", stderr: "pipe" });
    const copy = diskTree(first, "/copy/a");
    const has = (text: string) => async () => (await Bun.file(copy).exists()) && (await Bun.file(copy).text()) === text;
    await waitUntil("the first cycle", has("1"));
    source.plant("/site/a", "2", { mtime: 2 });
    await waitUntil("a later cycle", has("2"));
    await source.kill();
    await Bun.sleep(1500);
    await source.restart();
    source.plant("/site/a", "3", { mtime: 3 });
    await waitUntil("a cycle after the source came back", has("3"), 30_000);
    child.kill("SIGTERM");
    expect([0, 20]).toContain(await child.exited);
    const text = await child.stdout.text();
    expect(text.split("\n").filter((line) => line.startsWith(`${first.host} /copy: copied`)).length).toBeGreaterThan(2);
  },
  LIMIT_MS,
);

test(
  "local directories as source and as target",
  async () => {
    await using servers = await startServers();
    const { first } = servers;
    const directory = mkdtempSync(join(tmpdir(), "chirp-site-local-"));
    try {
      mkdirSync(join(directory, "dist/assets"), { recursive: true });
      writeFileSync(join(directory, "dist/index.html"), "<h1>hello");
      writeFileSync(join(directory, "dist/assets/large"), new Uint8Array(20_000_000).fill(5));
      const cwd = { cwd: directory };
      const up = await runProgram(["-r", "--settle", "0", "local", "./dist", first.host, "/site"], cwd);
      expect(up.exitCode, up.stderr).toBe(0);
      expect(describeTree(diskTree(first, "/site"))).toEqual(describeTree(join(directory, "dist")));
      const down = await runProgram(["-r", first.host, "/site", "local", "back"], cwd);
      expect(down.exitCode, down.stderr).toBe(0);
      expect(describeTree(join(directory, "back"))).toEqual(describeTree(join(directory, "dist")));
      const again = await runProgram(["-r", "--json", first.host, "/site", "local", join(directory, "back")], cwd);
      expect(again.stdout).toContain('"copied":0,"updated":0,"deleted":0,"unchanged":2');
      const inside = await runProgram(["-r", "local", "dist", "local", "dist/below"], cwd);
      expect(inside.exitCode).toBe(2);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  LIMIT_MS,
);

test(
  "interrupted: 20, what is in hand is finished, the lock is given back, and the next run completes",
  async () => {
    await using servers = await startServers();
    const { source, first } = servers;
    plantSite(source, 300, 6);
    source.plant("/site/large", new Uint8Array(60_000_000).fill(1), { mtime: 1 });
    const words = ["-r", "--settle", "0", source.host, "/site", first.host, "/copy"];
    const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
    const child = Bun.spawn([process.execPath, program, ...words], { stdout: "pipe", stderr: "pipe" });
    await waitUntil("it is at work", async () => ((await first.countRpcs())["putfile"] ?? 0) > 30);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(20);
    expect(await child.stderr.text()).toContain("interrupted");
    const left = describeTree(diskTree(first, "/copy"), { times: false });
    expect(left.filter((line) => line.includes(".__chirpsync/lock"))).toEqual([]);
    expect((await runProgram(words)).exitCode).toBe(0);
    expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  },
  LIMIT_MS,
);

test("a slow reader of the output gets every line, one that goes away does no harm", async () => {
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-output-"));
  try {
    for (const name of ["a", "b"]) mkdirSync(join(directory, name));
    for (let index = 0; index < 3000; index++)
      writeFileSync(join(directory, `a/a-name-to-fill-the-pipe-with-${index}`), "");
    const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
    const check = `'${process.execPath}' '${program}' --check local a local b`;
    const slow = await run(["sh", "-c", `${check} | (sleep 1; wc -l)`], { cwd: directory });
    expect(Number(slow.stdout)).toBe(3001);
    const gone = await run(["sh", "-c", `(${check}; echo $? >code) | head -n 1; cat code`], { cwd: directory });
    expect(gone.stdout.split("\n")[1]).toBe("1");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
