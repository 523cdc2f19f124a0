/** Runs chirp_synchronize for a test, in this process or as users do, and looks at trees on disk. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type ConnectionOptions, type Connections, createConnections } from "../../src/sync/store/connections.ts";
import { parseEndpoint } from "../../src/sync/store/endpoint.ts";
import { parseArguments } from "../../src/cli/arguments.ts";
import { readCommand } from "../../src/sync/options/command.ts";
import { program as commandLine } from "../../src/sync/options/command_line.ts";
import type { SyncOptions } from "../../src/sync/options/options.ts";
import type { Report, SyncEvent } from "../../src/sync/output/report.ts";
import { synchronize } from "../../src/sync/synchronize.ts";
import { run, type RunOptions, type RunResult } from "../helpers/run.ts";

export const connectionOptions: ConnectionOptions = {
  auth: ["unix", "hostname", "address"],
  tickets: "",
  workers: 4,
  timeoutSeconds: 15,
  connectTimeoutSeconds: 10,
};

/** One for all runs of a test file: a server takes 100 clients, and forgets one only after a while. */
const connections = createConnections(connectionOptions);

/** As they are when no option is given. */
const { options: defaults } = readCommand(parseArguments(commandLine, ["a", "/", "b", "/"]), {}, "/");

export interface SyncResult {
  readonly report: Report;
  readonly events: readonly SyncEvent[];
}

/** The words are serverA dirA serverB dirB …; files of a test are young, so settling is off unless asked for. */
export async function sync(
  words: readonly string[],
  options: Partial<SyncOptions> = {},
  stop: AbortSignal = new AbortController().signal,
  stores: Connections = connections,
): Promise<SyncResult> {
  const endpoints = [];
  for (let index = 0; index < words.length; index += 2) {
    endpoints.push(parseEndpoint(words[index]!, words[index + 1]!, "/"));
  }
  const [source, ...targets] = endpoints;
  const events: SyncEvent[] = [];
  const report = await synchronize({
    source: source!,
    targets,
    options: { ...defaults, recursive: true, settleSeconds: 0, timeoutSeconds: 15, retries: 1, ...options },
    connections: stores,
    check: false,
    emit: (event) => events.push(event),
    stop,
    abort: new AbortController().signal,
  });
  return { report, events };
}

const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");

/** chirp_synchronize as a process. */
export async function runProgram(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return await run([process.execPath, program, ...words], options);
}

/**
 * A directory on disk as text, to be compared as a whole: a line for each entry with its type, time, and contents, access
 * lists and a server's own number left out; names are bytes.
 */
export function describeTree(directory: string, { times = true }: { readonly times?: boolean } = {}): string[] {
  const lines: string[] = [];
  const visit = (path: Buffer, shown: string) => {
    for (const name of readdirSync(path, { encoding: "buffer" })) {
      const text = name.toString("latin1");
      if (text === ".__acl" || text === ".__uuid") continue;
      const full = Buffer.concat([path, Buffer.from("/"), name]);
      const stat = lstatSync(full);
      const time = times ? ` ${Math.floor(stat.mtimeMs / 1000)}` : "";
      const relative = `${shown}/${text}`;
      if (stat.isSymbolicLink()) lines.push(`${relative} -> ${readlinkSync(full, { encoding: "latin1" })}`);
      else if (stat.isDirectory()) {
        lines.push(`${relative}/${time}`);
        visit(full, relative);
      } else if (stat.isFile()) {
        lines.push(`${relative}${time} ${stat.size} ${Bun.hash(readFileSync(full)).toString(16)}`);
      } else lines.push(`${relative} special`);
    }
  };
  visit(Buffer.from(directory), "");
  return lines.sort();
}

/** The commands of an rpc count that change something. */
export function writingRpcs(counts: Readonly<Record<string, number>>): string[] {
  const reading = new Set(
    "whoami stat lstat getlongdir getfile open pread close fstat readlink hash getacl".split(" "),
  );
  return Object.keys(counts).filter((command) => !reading.has(command));
}
