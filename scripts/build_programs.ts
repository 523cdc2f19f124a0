/**
 * Builds the programs into dist/ (src/program/built_form.ts) when they are not what their sources say. Part of the set-up; prints "dist: " and what it
 * built, or why it cannot write there.
 */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import {
  type BuildRecord,
  builtModules,
  builtProgram,
  type FileMark,
  markOf,
  project,
  type ProgramName,
} from "../src/program/built_form.ts";

type BundleName = keyof typeof builtModules;
type Marks = Record<string, FileMark>;

interface Bundle {
  /** What it was made of: paths from the project's directory. */
  readonly inputs: readonly string[];
  /** What is to be written, by its name in dist/. */
  readonly outputs: ReadonlyMap<string, Uint8Array>;
}

interface UnchangedBundle extends Pick<Bundle, "outputs"> {
  readonly marks: Marks;
}

/** Somebody who edits while we build makes us build once more, but not for ever. */
const TRIES = 5;

const dist = join(project, "dist");
const programs: readonly ProgramName[] = ["serve", "chirp_synchronize"];

if (programs.some((name) => builtProgram(name) === null)) {
  process.stdout.write(`${await tryToBuild()}\n`);
}

/** What came of it. Only the start is slower without dist/, so that somebody else's checkout, or a full disk, is no reason to refuse everything. */
async function tryToBuild(): Promise<string> {
  try {
    await build();
    return `dist: ${programs.join(", ")}`;
  } catch (error) {
    if (!isOfFiles(error)) throw error;
    return `dist/ cannot be written, so that programs start from their sources, a little slower: ${error.message}`;
  }
}

/** Of the system, with its errno: what is wrong with the sources has none. */
function isOfFiles(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

/** All anew. Whoever starts a program while its files are replaced finds no record, and runs the sources. */
async function build(): Promise<void> {
  mkdirSync(dist, { recursive: true });
  // Source maps name the sources as they are found from here.
  process.chdir(dist);
  const bundles = await bundleUnchanged();
  for (const name of programs) rmSync(join(dist, recordOf(name)), { force: true });
  const files = new Map([...bundles].map(([name, { marks, outputs }]) => [name, { ...marks, ...putAll(outputs) }]));
  for (const name of programs) {
    const made = { ...files.get("worker"), ...files.get(name) };
    put(recordOf(name), JSON.stringify({ bun: Bun.version, project, files: made } satisfies BuildRecord));
  }
}

function recordOf(name: ProgramName): string {
  return `${name}.json`;
}

function putAll(outputs: Bundle["outputs"]): Marks {
  return Object.fromEntries([...outputs].map(([name, bytes]) => [`dist/${name}`, put(name, bytes)]));
}

/**
 * Nobody sees half of a file. Returns the mark of what we wrote: by the time it has its name, the file of that name may be that of somebody
 * who builds at the same time, of other sources.
 */
function put(name: string, content: string | Uint8Array): FileMark {
  const file = join(dist, name);
  const unfinished = `${file}.${process.pid}`;
  try {
    writeFileSync(unfinished, content);
    const mark = markOf(unfinished);
    renameSync(unfinished, file);
    return mark;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/**
 * Every bundle, and the marks of what it was made of: the same before all of them were made as afterwards, or else they may be of neither. All at
 * once, since the programs share sources with the worker: made one after the other they could be of different ones.
 */
async function bundleUnchanged(): Promise<Map<BundleName, UnchangedBundle>> {
  let before: Marks[] = [];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const bundles = new Map<BundleName, Bundle>();
    for (const name of ["worker", ...programs] as const) bundles.set(name, await bundle(name));
    const marks = [...bundles.values()].map(({ inputs }) => marksOf(inputs));
    if (Bun.deepEquals(before, marks)) {
      return new Map([...bundles].map(([name, { outputs }], index) => [name, { marks: marks[index]!, outputs }]));
    }
    before = marks;
  }
  throw new Error("the sources keep changing: build when nobody edits");
}

async function bundle(name: BundleName): Promise<Bundle> {
  const { outputs, metafile } = await Bun.build({
    entrypoints: [join(project, builtModules[name])],
    naming: `${name}.[ext]`,
    target: "bun",
    // The only format whose bytecode Bun takes from a file.
    format: "cjs",
    bytecode: true,
    // Stacks name the sources.
    sourcemap: "linked",
    define: { BUILT_WORKER: JSON.stringify(join(dist, "worker.js")) },
    metafile: true,
  });
  const inputs = Object.keys(metafile!.inputs).map((path) => relative(project, resolve(path)));
  const files = outputs.map(
    async (output) => [basename(output.path), new Uint8Array(await output.arrayBuffer())] as const,
  );
  return { inputs: inputs.toSorted(), outputs: new Map(await Promise.all(files)) };
}

function marksOf(paths: readonly string[]): Marks {
  const marks: Marks = {};
  for (const path of paths) {
    const file = join(project, path);
    if (!existsSync(file)) throw new Error(`"${path}" is gone: build again`);
    marks[path] = markOf(file);
  }
  return marks;
}
