/** dist/: what the set-up builds of the programs, and when the sources are run instead. In a copy of the project, against real servers. */
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BuildRecord, markOf } from "../src/program/built_form.ts";
import { startCluster } from "./helpers/cluster.ts";
import { run } from "./helpers/run.ts";
import { startWebServer } from "./helpers/web_server.ts";

setDefaultTimeout(60_000);

const project = join(import.meta.dir, "..");
const programs = { serve: "src/http.ts", chirp_synchronize: "bin/chirp_synchronize.ts" };
type Name = keyof typeof programs;
const names = Object.keys(programs) as Name[];

let scratch: string;
let copy: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "chirp-site-test-built-"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/**
 * A copy with built programs that differs from them in one thing: the version in package.json, put there without a trace. So what a program says
 * its version is tells which form was run.
 */
beforeEach(async () => {
  copy = mkdtempSync(join(scratch, "copy-"));
  for (const part of ["src", "bin", "scripts", "package.json", "tsconfig.json"]) {
    cpSync(join(project, part), join(copy, part), { recursive: true });
  }
  for (const part of ["node_modules", "native"]) symlinkSync(join(project, part), join(copy, part));
  expect(await build()).toBe("dist: serve, chirp_synchronize\n");
  const manifest = join(copy, "package.json");
  const { mtime } = statSync(manifest);
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/"version": "\d+\.\d+\.\d+"/, '"version": "9.8.7"'));
  utimesSync(manifest, mtime, mtime);
});

/** `meanwhile`: a module that is loaded before, to do something in the middle of it. */
async function build(meanwhile?: string): Promise<string> {
  const preload = meanwhile === undefined ? [] : ["--preload", writeScript(meanwhile)];
  const { exitCode, stdout, stderr } = await run([
    process.execPath,
    ...preload,
    join(copy, "scripts/build_programs.ts"),
  ]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout;
}

function writeScript(text: string): string {
  const file = join(copy, "script.ts");
  writeFileSync(file, text);
  return file;
}

async function formOf(name: Name, directory = copy): Promise<"built" | "sources"> {
  const said = await run([process.execPath, join(directory, programs[name]), "--version"]);
  expect(said).toMatchObject({ exitCode: 0, stderr: "" });
  expect(said.stdout).toMatch(/^chirp-site \d+\.\d+\.\d+ \(Bun /);
  return said.stdout.includes("9.8.7") ? "sources" : "built";
}

function dist(name: string): string {
  return join(copy, "dist", name);
}

/** The record with some of it changed. */
function rewriteRecord(name: Name, changes: Partial<BuildRecord>): void {
  const record = JSON.parse(readFileSync(dist(`${name}.json`), "utf8")) as BuildRecord;
  writeFileSync(dist(`${name}.json`), JSON.stringify({ ...record, ...changes }));
}

describe.each(names)("%s", (name) => {
  test("is run as it was built while its sources are what they were", async () => {
    expect(await formOf(name)).toBe("built");
    expect(await build()).toBe("");
  });

  const changes: readonly (readonly [what: string, change: () => void])[] = [
    ["a source was changed", () => writeFileSync(join(copy, "src/errors.ts"), "\n", { flag: "a" })],
    ["a source is older than it was", () => utimesSync(join(copy, "src/errors.ts"), 1, 1)],
    ["the worker's source was changed", () => writeFileSync(join(copy, "src/worker.ts"), "\n", { flag: "a" })],
    ["the built file was damaged", () => truncateSync(dist(`${name}.js`), 1000)],
    ["its bytecode was damaged", () => truncateSync(dist(`${name}.js.jsc`), 1000)],
    ["the built worker is gone", () => rmSync(dist("worker.js"))],
    ["there is no record", () => rmSync(dist(`${name}.json`))],
    ["the record is half a file", () => truncateSync(dist(`${name}.json`), 100)],
    ["the record is no record", () => writeFileSync(dist(`${name}.json`), "null")],
    ["the record is of another Bun", () => rewriteRecord(name, { bun: "1.0.0" })],
  ];
  test.each(changes)("is run from its sources when %s, and built anew by the set-up", async (_, change) => {
    change();
    expect(await formOf(name)).toBe("sources");
    expect(await build()).toBe("dist: serve, chirp_synchronize\n");
    // Built of the version that the sources have now.
    expect(await build()).toBe("");
    expect(readFileSync(dist(`${name}.js`), "utf8")).toContain("9.8.7");
  });

  test("is run from its sources when the whole project was moved", async () => {
    const moved = join(scratch, `moved-${name}`);
    renameSync(copy, moved);
    expect(await formOf(name, moved)).toBe("sources");
  });
});

test("a source that worker and programs share, edited between the making of the one and of the others", async () => {
  writeFileSync(join(copy, "src/errors.ts"), "\n", { flag: "a" });
  const edit = `
    import { readFileSync, writeFileSync } from "node:fs";
    const build = Bun.build;
    let isEdited = false;
    Bun.build = async (options) => {
      if (!isEdited && !options.entrypoints[0].endsWith("worker.ts")) {
        const source = ${JSON.stringify(join(copy, "src/chirp/library.ts"))};
        writeFileSync(source, readFileSync(source, "utf8").replace("is out of date", "is an old one"));
        isEdited = true;
      }
      return await build(options);
    };
  `;
  expect(await build(edit)).toBe("dist: serve, chirp_synchronize\n");
  expect(await build()).toBe("");
  for (const name of ["worker", ...names]) expect(readFileSync(dist(`${name}.js`), "utf8")).toContain("is an old one");
});

test("a file that another build, of other sources, put in place of ours is not taken for ours", async () => {
  rmSync(join(copy, "dist"), { recursive: true });
  const replace = `
    const fs = require("node:fs");
    const { renameSync } = fs;
    fs.renameSync = (from, to) => {
      renameSync(from, to);
      if (to.endsWith("/worker.js")) fs.writeFileSync(to, "throw new Error('of other sources');");
    };
  `;
  expect(await build(replace)).toBe("dist: serve, chirp_synchronize\n");
  expect(readFileSync(dist("worker.js"), "utf8")).toContain("of other sources");
  expect(await build()).toBe("dist: serve, chirp_synchronize\n");
  expect(readFileSync(dist("worker.js"), "utf8")).not.toContain("of other sources");
});

test("nothing unfinished stays behind, and source maps name the sources", () => {
  const files = readdirSync(join(copy, "dist"));
  const built = [...names, "worker"].flatMap((name) => [`${name}.js`, `${name}.js.jsc`, `${name}.js.map`]);
  expect(files.toSorted()).toEqual([...built, ...names.map((name) => `${name}.json`)].toSorted());
  for (const file of files.filter((name) => name.endsWith(".map"))) {
    const { sources } = JSON.parse(readFileSync(dist(file), "utf8")) as { sources: string[] };
    expect(sources.length).toBeGreaterThan(10);
    for (const source of sources) expect(existsSync(join(copy, "dist", source))).toBe(true);
  }
});

test.each(["built", "sources"] as const)("%s: a site is synchronised and served", async (form) => {
  if (form === "sources") rmSync(join(copy, "dist"), { recursive: true });
  expect(await formOf("serve")).toBe(form);
  expect(await formOf("chirp_synchronize")).toBe(form);
  await using cluster = await startCluster({ servers: 2 });
  const [source, target] = cluster.servers;
  for (let index = 0; index < 20; index++) source.plant(`/site/d${index % 3}/f${index}.txt`, `file ${index}`);
  const words = ["-r", source.host, "/site", target!.host, "/site"];
  const synchronised = await run([process.execPath, join(copy, programs.chirp_synchronize), ...words]);
  expect(synchronised).toMatchObject({ exitCode: 0, stderr: "" });
  expect(synchronised.stdout).toContain("copied 20,");
  const options = ["--servers", cluster.serversFile, "--root", "/site"];
  await using server = await startWebServer(options, join(copy, programs.serve));
  for (let index = 0; index < 20; index++) {
    const response = await fetch(`http://127.0.0.1:${server.port}/d${index % 3}/f${index}.txt`);
    expect({ status: response.status, body: await response.text() }).toEqual({ status: 200, body: `file ${index}` });
  }
});

test("a web server whose dist/ is removed goes on: its next workers run the source", async () => {
  await using cluster = await startCluster({ servers: 1 });
  cluster.servers[0].plant("/a.txt", "a");
  expect(await formOf("serve")).toBe("built");
  await using server = await startWebServer(["--servers", cluster.serversFile], join(copy, programs.serve));
  rmSync(join(copy, "dist"), { recursive: true });
  const response = await fetch(`http://127.0.0.1:${server.port}/a.txt`);
  expect({ status: response.status, body: await response.text() }).toEqual({ status: 200, body: "a" });
});

test("a worker that cannot be started: help is given, and a run says why it failed", async () => {
  const refuse =
    "globalThis.Worker = class { constructor() { throw new TypeError('Failed to spawn worker thread'); } };";
  const command = [process.execPath, "--preload", writeScript(refuse), join(copy, programs.chirp_synchronize)];
  expect(await run([...command, "--version"])).toMatchObject({ exitCode: 0, stderr: "" });
  await using cluster = await startCluster({ servers: 1 });
  const { exitCode, stderr } = await run([...command, cluster.servers[0].host, "/", "local", join(copy, "target")]);
  expect(stderr).toContain("chirp_synchronize: TypeError: Failed to spawn worker thread\n");
  expect(exitCode).toBe(70);
});

test("workers that end as soon as they start: a run says why, and does not hang", async () => {
  const broken = "throw new RangeError('no such worker');\n";
  writeFileSync(dist("worker.js"), broken);
  const { files } = JSON.parse(readFileSync(dist("chirp_synchronize.json"), "utf8")) as BuildRecord;
  rewriteRecord("chirp_synchronize", { files: { ...files, "dist/worker.js": markOf(dist("worker.js")) } });
  expect(await formOf("chirp_synchronize")).toBe("built");
  await using cluster = await startCluster({ servers: 1 });
  const words = [cluster.servers[0].host, "/", "local", join(copy, "target")];
  const { exitCode, stderr } = await run([process.execPath, join(copy, programs.chirp_synchronize), ...words]);
  expect(stderr).toContain("worker failed: RangeError: no such worker");
  expect(exitCode).toBe(20);
});
