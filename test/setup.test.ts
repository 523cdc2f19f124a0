/** The set-up on machines that lack something, and scripts/run.mjs; what it does on a fresh machine, .ci/run shows. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./helpers/run.ts";

// Real processes on a busy machine: Bun's own 5 s are short, and a test that takes longer than this hangs.
setDefaultTimeout(60_000);

const project = join(import.meta.dir, "..");
const node = Bun.which("node") ?? "node";
const asRoot = process.getuid?.() === 0;
/** Before a command that is not to run as root. */
const unprivileged = asRoot ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] : [];

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "chirp-site-test-setup-"));
  chmodSync(scratch, 0o755);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A directory to be used as $PATH: programs of this machine by name, and shell scripts by their text. */
function searchPath(programs: readonly string[], scripts: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(scratch, "path-"));
  chmodSync(directory, 0o755);
  for (const name of programs) {
    const file = Bun.which(name);
    if (file !== null) symlinkSync(file, join(directory, name));
  }
  for (const [name, text] of Object.entries(scripts)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  return directory;
}

const chirpTools = ["chirp_server", "chirp", "chirp_get", "chirp_put"];
const compiler = ["cc", "gcc", "as", "ld", "make", "sh", "mkdir", "mv", "rm", "env"];

function setUp(env: Readonly<Record<string, string | undefined>>, { directory = project, as = [] as string[] } = {}) {
  const clean = { ...process.env, npm_execpath: undefined, ...env };
  return run([...as, node, join(directory, "scripts/setup.mjs")], { cwd: directory, env: clean });
}

describe("with everything in place", () => {
  test("it has nothing to do, and says so within a second", async () => {
    await setUp({});
    const started = performance.now();
    expect(await setUp({})).toEqual({ exitCode: 0, stdout: "", stderr: "set-up: nothing to do\n" });
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test("it takes no arguments", async () => {
    const { exitCode, stderr } = await run([node, join(project, "scripts/setup.mjs"), "--force"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: 'set-up: takes no arguments, but got "--force"\n' });
  });
});

/** For what is missing from the system: a cctools of the person's own would hide it. */
const debian = { CCTOOLS: undefined };

describe("one message, with the remedy, when there is", () => {
  const aptFails = {
    "apt-get": `echo "$@" >> "$APT_LOG"; echo "Temporary failure resolving 'deb.example.org'" >&2; exit 100`,
  };

  test("no Chirp and no apt-get", async () => {
    const { exitCode, stderr } = await setUp({ ...debian, PATH: searchPath(compiler) });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^set-up: missing: chirp_server, chirp, chirp_get, chirp_put; and there is no apt-get/);
    expect(stderr).toContain("CCTOOLS=/prefix");
  });

  test("no compiler and no apt-get", async () => {
    const { exitCode, stderr } = await setUp({ ...debian, PATH: searchPath(chirpTools) });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^set-up: missing: cc, make; and there is no apt-get/);
  });

  test.skipIf(!asRoot)("no network", async () => {
    const log = join(scratch, "apt.log");
    const path = searchPath(compiler, aptFails);
    const { exitCode, stderr } = await setUp({ ...debian, PATH: path, APT_LOG: log });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("apt-get could not install coop-computing-tools:\n");
    expect(stderr).toContain("Temporary failure resolving");
    expect(stderr).toContain("apt-get update && apt-get install coop-computing-tools");
    const calls = readFileSync(log, "utf8").trim().split("\n");
    expect(calls.some((call) => call.endsWith(" update"))).toBe(true);
    expect(calls.at(-1)).toEndWith("install -y --no-install-recommends coop-computing-tools");
  });

  test.skipIf(asRoot && Bun.which("setpriv") === null)("neither root nor sudo", async () => {
    // The checkout may lie where nobody else can read it; this needs only the scripts and the note of the packages.
    const directory = copyOfCheckout("unprivileged");
    const path = searchPath([...compiler, "setpriv"], aptFails);
    const { exitCode, stderr } = await setUp(
      { ...debian, PATH: path, APT_LOG: "/dev/null" },
      { directory, as: unprivileged },
    );
    expect(stderr).toMatch(/^set-up: missing: coop-computing-tools; only root can install them, and there is no sudo/);
    expect(stderr).toContain("apt-get install -y coop-computing-tools");
    expect(exitCode).toBe(1);
  });

  test.skipIf(asRoot && Bun.which("setpriv") === null)("sudo is used where there is one", async () => {
    const directory = copyOfCheckout("sudo");
    const path = searchPath([...compiler, "setpriv"], { ...aptFails, sudo: `echo "sudo says no" >&2; exit 1` });
    const { exitCode, stderr } = await setUp(
      { ...debian, PATH: path, APT_LOG: "/dev/null" },
      { directory, as: unprivileged },
    );
    expect(stderr).toContain("set-up: installing coop-computing-tools with sudo apt-get\n");
    expect(stderr).toContain("sudo says no");
    expect(exitCode).toBe(1);
  });

  test("a CCTOOLS without a cctools", async () => {
    const { exitCode, stderr } = await setUp({ CCTOOLS: scratch });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`^set-up: CCTOOLS=${scratch} lacks ${scratch}/bin/chirp_server and `));
  });

  test("no npm registry", async () => {
    const directory = copyOfCheckout("offline");
    rmSync(join(directory, "node_modules"), { recursive: true });
    const path = searchPath([...compiler, ...chirpTools], { npm: "echo 'npm ERR! network' >&2; exit 1" });
    const { exitCode, stderr } = await setUp({ ...debian, PATH: path }, { directory });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("set-up: cannot install the npm packages:\n    npm ERR! network\n");
  });
});

test("programs that cannot be built: why, and where", async () => {
  const directory = copyOfCheckout("broken");
  writeFileSync(join(directory, "src/errors.ts"), "export const broken = ;\n");
  const { exitCode, stderr } = await setUp({}, { directory });
  expect(stderr).toContain("set-up: cannot build the programs into dist/:\n");
  expect(stderr).toContain("src/errors.ts:1:23");
  expect(exitCode).toBe(1);
});

test("a dist/ that cannot be written is no failure: programs start from their sources", async () => {
  const directory = copyOfCheckout("unwritable");
  // Not even root can make files in it.
  writeFileSync(join(directory, "dist"), "");
  const { exitCode, stderr } = await setUp({}, { directory });
  expect(stderr).toMatch(/^set-up: dist\/ cannot be written, so that .*: EEXIST: .*\nset-up: nothing to do\n$/);
  expect(exitCode).toBe(0);
});

describe("npm packages", () => {
  test("are installed anew when package-lock.json asks for others", async () => {
    const directory = copyOfCheckout("stale");
    const lock = join(directory, "package-lock.json");
    const { packages } = JSON.parse(readFileSync(lock, "utf8")) as { packages: Record<string, { version: string }> };
    const [name = ""] = Object.keys(packages).filter((path) => path.endsWith("/oxlint"));
    writeFileSync(lock, readFileSync(lock, "utf8").replaceAll(`"${packages[name]?.version}"`, '"0.0.1"'));
    const path = searchPath([...compiler, ...chirpTools], { npm: 'echo "npm was called: $@"; exit 1' });
    expect((await setUp({ ...debian, PATH: path }, { directory })).stderr).toContain("npm was called: ci");
  });

  test("Bun is put in place where npm did not run its install script", async () => {
    const directory = copyOfCheckout("no-scripts");
    const bun = join(directory, "node_modules/bun/bin/bun.exe");
    // Not through the link.
    rmSync(bun);
    writeFileSync(bun, "echo placeholder\n", { mode: 0o755 });
    const { exitCode, stderr } = await setUp({}, { directory });
    expect(stderr).toBe("set-up: putting Bun in place\nset-up: building the programs\nset-up: done\n");
    expect(exitCode).toBe(0);
    expect((await run([bun, "--version"])).stdout.trim()).toBe(Bun.version);
  });
});

describe("scripts/run.mjs", () => {
  const runner = join(project, "scripts/run.mjs");

  test("passes words and the exit code on", async () => {
    const script = join(scratch, "exit.ts");
    writeFileSync(script, "console.log(process.argv.slice(2).join('|')); process.exit(7);");
    expect(await run([node, runner, script, "a b", "--c"])).toEqual({ exitCode: 7, stdout: "a b|--c\n", stderr: "" });
  });

  test("passes a signal on once, though a terminal and npm both send it", async () => {
    const script = join(scratch, "signals.ts");
    writeFileSync(
      script,
      `let count = 0;
       process.on("SIGINT", () => { if (++count === 1) setTimeout(() => { console.log(count + " signal"); process.exit(0); }, 200); });
       console.log("ready"); setTimeout(() => process.exit(9), 10_000);`,
    );
    const child = Bun.spawn([node, runner, script], { stdout: "pipe", stderr: "inherit" });
    let output = "";
    for await (const chunk of child.stdout) {
      output += Buffer.from(chunk).toString();
      if (output !== "ready\n") continue;
      child.kill("SIGINT");
      child.kill("SIGINT");
    }
    expect(await child.exited).toBe(0);
    expect(output).toBe("ready\n1 signal\n");
  });
});

/** Hard links where both are on one file system: the packages are 300 MB. */
function linkOrCopy(from: string, to: string): void {
  const command = 'cp -al "$1" "$2" 2>/dev/null || { rm -rf "$2"; cp -a "$1" "$2"; }';
  expect(Bun.spawnSync(["sh", "-c", command, "sh", from, to]).success).toBe(true);
}

/** The scripts, the packages (hard links, with a Bun of its own) and a native library that looks built. */
function copyOfCheckout(name: string): string {
  const directory = join(scratch, name);
  mkdirSync(join(directory, "native/build"), { recursive: true });
  for (const each of ["src", "scripts", "package.json", "package-lock.json"]) {
    cpSync(join(project, each), join(directory, each), { recursive: true });
  }
  linkOrCopy(join(project, "node_modules"), join(directory, "node_modules"));
  // A test may run it as somebody who cannot come where the original lies.
  const programs = join(directory, "node_modules/bun/bin");
  rmSync(programs, { recursive: true });
  mkdirSync(programs);
  linkOrCopy(process.execPath, join(programs, "bun.exe"));
  writeFileSync(join(directory, "native/Makefile"), "all clean:\n");
  writeFileSync(join(directory, "native/build/cctools_prefix"), process.env["CCTOOLS"] ?? "/usr");
  writeFileSync(join(directory, "native/build/libchirp_shim.so"), "");
  return directory;
}
