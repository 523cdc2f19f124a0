/**
 * Programs as the set-up builds them: dist/NAME.js, one file of all modules of src/ that it needs, with its bytecode beside it, so that nothing has
 * to be found, read and parsed at the start. dist/NAME.json says of which files it was built. It is used only as long as all of
 * them are what they were; otherwise the sources are run, which do the same, 10 to 20 ms later.
 *
 * Without node:fs and node:path: loading them takes longer than all that is done here.
 */

/** The project's directory. */
export const project = Bun.fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** What is built: the program's name and the module of src/ whose `main` it runs; "worker" is a part of both. */
export const builtModules = {
  serve: "src/web/serve.ts",
  chirp_synchronize: "src/sync/chirp_synchronize.ts",
  worker: "src/worker.ts",
} as const;

export type ProgramName = Exclude<keyof typeof builtModules, "worker">;

/** dist/NAME.json. */
export interface BuildRecord {
  /** Its version: bytecode is for one only. */
  readonly bun: string;
  /** Where it was built: paths of the library and of the worker are part of it. */
  readonly project: string;
  /** What it was built of, and the result itself: paths from the project's directory, each with its mark. */
  readonly files: Readonly<Record<string, FileMark>>;
}

/** Milliseconds since 1970, and bytes: any other time counts as a change, an older one as well. */
export type FileMark = readonly [mtimeMs: number, size: number];

/** The built program, when it is what its sources say; null when there is none, or they were changed since. */
export function builtProgram(name: ProgramName, directory = project): string | null {
  const record = readRecord(`${directory}/dist/${name}.json`);
  if (record === null || record.bun !== Bun.version || record.project !== directory) return null;
  for (const [path, mark] of Object.entries(record.files)) {
    const now = markOf(`${directory}/${path}`);
    if (now[0] !== mark[0] || now[1] !== mark[1]) return null;
  }
  return `${directory}/dist/${name}.js`;
}

/** Of no file that is there, when it is not there: its time lies far in the future. */
export function markOf(file: string): FileMark {
  const { lastModified, size } = Bun.file(file);
  return [lastModified, size];
}

/** Null when there is none that can be read: the sources will do. */
function readRecord(file: string): BuildRecord | null {
  try {
    const record = require(file) as Partial<BuildRecord> | null;
    const isWhole = typeof record?.files === "object" && record.files !== null;
    return isWhole ? (record as BuildRecord) : null;
  } catch {
    return null;
  }
}
