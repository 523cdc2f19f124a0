/** The native library's own test program under sanitizers and valgrind, and the ways to build it. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIBRARY_PATH } from "../../src/chirp/library.ts";
import { freePort } from "../../src/cluster/free_port.ts";
import { startCluster } from "../helpers/cluster.ts";
import { run, type RunResult } from "../helpers/run.ts";

/** Compiling takes seconds, on a busy machine many. */
const limitMs = 120_000;
setDefaultTimeout(limitMs);

const native = join(import.meta.dir, "../../native");

let scratch: string;
beforeAll(() => void (scratch = mkdtempSync(join(tmpdir(), "chirp-site-test-native-"))));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Into a directory of the test's own: the library in native/build is in use. */
async function make(...settings: string[]): Promise<RunResult> {
  const env = { ...process.env, MAKEFLAGS: undefined, CCTOOLS: undefined };
  const build = `BUILD=${join(scratch, "build")}`;
  return await run(["make", "--silent", "-C", native, build, ...settings], { limitMs, env });
}

describe("every function, against a real server", () => {
  async function check(target: string): Promise<void> {
    await using cluster = await startCluster({ servers: 1 });
    const { exitCode, stdout, stderr } = await make(target, `SERVER=${cluster.hosts[0]} 127.0.0.1:${await freePort()}`);
    expect(stdout).toEndWith("requests, 0 failures\n");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  }

  test("AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer find nothing", () => check("check"));

  test.skipIf(Bun.which("valgrind") === null)("valgrind finds nothing", () => check("valgrind"));
});

/** The functions of the headers that TypeScript calls. */
function declared(): string[] {
  const headers = ["chirp_shim.h", "inbound.h", "private_copy.h"]
    .map((name) => readFileSync(join(native, name), "utf8"))
    .join("");
  return [...headers.matchAll(/^SHIM_EXPORT .*?\b(cs_\w+)\(/gm)].map(([, name]) => name!).sort();
}

async function exported(library: string): Promise<string[]> {
  const { stdout } = await run(["nm", "--dynamic", "--defined-only", "--format=posix", library]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" ")[0]!)
    .sort();
}

describe("the build", () => {
  test("from clean, without a word; exports the functions of its headers and nothing else", async () => {
    rmSync(join(scratch, "build"), { recursive: true, force: true });
    expect(await make()).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    const library = join(scratch, "build/libchirp_shim.so");
    expect(declared().length).toBeGreaterThan(20);
    expect(await exported(library)).toEqual(declared());
    expect(await exported(LIBRARY_PATH)).toEqual(declared());
  });

  test("a warning is an error", async () => {
    const { exitCode, stderr } = await make("CFLAGS=-Wconversion", "-B");
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("-Werror");
  });

  test("CCTOOLS names another cctools", async () => {
    const prefix = join(scratch, "prefix");
    mkdirSync(join(prefix, "lib"), { recursive: true });
    mkdirSync(join(prefix, "include"));
    const usr = process.env["CCTOOLS"] ?? "/usr";
    symlinkSync(join(usr, "include/cctools"), join(prefix, "include/cctools"));
    for (const archive of ["libchirp.a", "libdttools.a"])
      symlinkSync(join(usr, "lib", archive), join(prefix, "lib", archive));
    rmSync(join(scratch, "build"), { recursive: true, force: true });
    expect(await make(`CCTOOLS=${prefix}`)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(existsSync(join(scratch, "build/libchirp_shim.so"))).toBe(true);

    // Not the system's by accident.
    rmSync(join(prefix, "lib/libchirp.a"));
    writeFileSync(join(prefix, "lib/libchirp.a"), "!<arch>\n");
    const { exitCode, stderr } = await make(`CCTOOLS=${prefix}`, "-B");
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/undefined reference to `(__real_)?chirp_/);
  });
});
