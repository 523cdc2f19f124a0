/** Builds the programs into dist/ (src/program/built_form.ts) when they are not what their sources say. Part of the set-up; prints what it built. */
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
  await build();
  process.stdout.write(`dist: ${programs.join(", ")}\n`);
}

/** All anew. Whoever starts a program while its files are replaced finds no record, and runs the sources. */
async function build(): Promise<void> {
  mkdirSync(dist, { recursive: true });
  // Source maps name the sources as they are found from here.
  process.chdir(dist);
  const worker = await bundleUnchanged("worker");
  const bundles = new Map<ProgramName, UnchangedBundle>();
  for (const name of programs) bundles.set(name, await bundleUnchanged(name));
  for (const name of programs) rmSync(join(dist, recordOf(name)), { force: true });
  for (const { outputs } of [worker, ...bundles.values()]) {
    for (const [file, bytes] of outputs) put(file, bytes);
  }
  for (const [name, { marks, outputs }] of bundles) {
    const written = [...worker.outputs.keys(), ...outputs.keys()].map((file) => `dist/${file}`);
    const files = { ...worker.marks, ...marks, ...marksOf(written) };
    put(recordOf(name), JSON.stringify({ bun: Bun.version, project, files } satisfies BuildRecord));
  }
}

function recordOf(name: ProgramName): string {
  return `${name}.json`;
}

/** Nobody sees half of a file. */
function put(name: string, content: string | Uint8Array): void {
  const file = join(dist, name);
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, content);
  renameSync(unfinished, file);
}

/** A bundle with the marks of what it was made of: the same before it was made as afterwards, or else it may be of neither. */
async function bundleUnchanged(name: keyof typeof builtModules): Promise<UnchangedBundle> {
  let before: Marks = {};
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { inputs, outputs } = await bundle(name);
    const marks = marksOf(inputs);
    if (Bun.deepEquals(before, marks)) return { marks, outputs };
    before = marks;
  }
  throw new Error(`${builtModules[name]}, or what it imports, keeps changing: build it when nobody edits`);
}

async function bundle(name: keyof typeof builtModules): Promise<Bundle> {
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
