/** One private chirp_server: its own process group, bound to 127.0.0.1, advertised to nobody. */
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { answersChirp } from "./answers_chirp.ts";
import { groupOf, killGroup, type ProcessGroup } from "./process_group.ts";
import { serverAccount } from "./server_account.ts";

export interface ChirpServerOptions {
  /** Its place: root/ (what it serves), transient/ and server.log; made when missing. */
  readonly directory: string;
  readonly port: number;
  /** Lines "subject rights" for the root directory, when it has none yet. */
  readonly acl: readonly string[];
  /** Whether every RPC is written to server.log. */
  readonly logRpcs: boolean;
  /** Whether the server ends when this process does, even by SIGKILL. */
  readonly endWithUs: boolean;
  readonly extraArguments?: readonly string[];
}

export interface ChirpServer {
  readonly host: string;
  readonly port: number;
  readonly rootDirectory: string;
  readonly logFile: string;
  readonly group: ProcessGroup;
}

/** The name of the processes of a server's group. */
export const serverProgram = "chirp_server";

/** A server listens after 5 ms; this is for a machine that has a lot else to do. */
const startLimitMs = 15_000;
const answerLimitMs = 1000;
const pollMs = 5;

/** The place of each thing below a server's directory. */
function serverPaths(directory: string) {
  return {
    rootDirectory: join(directory, "root"),
    transientDirectory: join(directory, "transient"),
    logFile: join(directory, "server.log"),
  };
}

/** Starts a server and waits until it answers. Throws, with the last words of its log, when it ends or stays silent. */
export async function startChirpServer(options: ChirpServerOptions): Promise<ChirpServer> {
  const { rootDirectory, logFile } = prepareDirectory(options);
  const log = openSync(logFile, "a");
  const child = Bun.spawn([findChirpServer(), ...serverArguments(options)], {
    stdin: "ignore",
    stdout: log,
    stderr: log,
    // A session of its own, so that a Ctrl-C in our terminal does not reach it behind our back.
    detached: true,
  });
  closeSync(log);
  child.unref();
  const group = groupOf(child.pid);
  const deadline = performance.now() + startLimitMs;
  while (group !== null && child.exitCode === null && child.signalCode === null && performance.now() < deadline) {
    if (await answersChirp("127.0.0.1", options.port, answerLimitMs)) {
      return { host: `127.0.0.1:${options.port}`, port: options.port, rootDirectory, logFile, group };
    }
    await sleep(pollMs);
  }
  if (group !== null) await killGroup(group, serverProgram);
  const how = child.exitCode === null ? `did not answer within ${startLimitMs} ms` : `ended with ${child.exitCode}`;
  throw new Error(`chirp_server on port ${options.port} ${how}; the end of ${logFile}:\n${lastLines(logFile)}`);
}

/** The chirp_server of $CCTOOLS, else the one of $PATH. Throws with the remedy when there is none. */
export function findChirpServer(): string {
  const prefix = process.env["CCTOOLS"];
  if (prefix !== undefined && prefix !== "") {
    const program = join(prefix, "bin", serverProgram);
    if (existsSync(program)) return program;
    throw new Error(`Cannot find ${program}: CCTOOLS must be the prefix of a cctools installation`);
  }
  const program = Bun.which(serverProgram);
  if (program === null) {
    throw new Error(
      `Cannot find ${serverProgram}: run "npm run setup", or set CCTOOLS to the prefix of a cctools installation`,
    );
  }
  return program;
}

function serverArguments({ directory, port, logRpcs, endWithUs, extraArguments = [] }: ChirpServerOptions): string[] {
  const { rootDirectory, transientDirectory, logFile } = serverPaths(directory);
  const account = serverAccount();
  const ours = [
    ["-r", rootDirectory, "-y", transientDirectory, "-p", String(port), "-I", "127.0.0.1"],
    // Without -u it would advertise itself to a public catalog; nothing listens there on 127.0.0.1.
    ["-u", "127.0.0.1", "-U", "1d"],
    // Without -n it looks its own name up, which can take the resolver's time-out.
    ["-n", "localhost"],
    // Without -a the other methods are offered as well, Globus and Kerberos.
    ["-a", "unix", "-a", "hostname", "-a", "address", "-a", "ticket"],
    // A log that is turned over loses lines; -O 0 lets it grow.
    logRpcs ? ["-d", "chirp", "-o", logFile, "-O", "0"] : [],
    account === null ? [] : ["-i", account.name],
    // chirp_server takes its parent for dead when that is process 1, which in a container we can be ourselves.
    endWithUs && process.pid !== 1 ? ["-E"] : [],
  ];
  return [...ours.flat(), ...extraArguments];
}

function prepareDirectory({ directory, acl }: ChirpServerOptions): { rootDirectory: string; logFile: string } {
  const { rootDirectory, transientDirectory, logFile } = serverPaths(directory);
  const account = serverAccount();
  for (const each of [rootDirectory, transientDirectory]) {
    mkdirSync(each, { recursive: true, mode: 0o755 });
    if (account !== null) chownSync(each, account.uid, account.gid);
  }
  const aclFile = join(rootDirectory, ".__acl");
  if (!existsSync(aclFile)) {
    writeFileSync(aclFile, acl.map((line) => `${line}\n`).join(""));
    chmodSync(aclFile, 0o644);
    if (account !== null) chownSync(aclFile, account.uid, account.gid);
  }
  return { rootDirectory, logFile };
}

function lastLines(file: string): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-5).join("\n");
}
