/** The private servers of one directory: up, down, status. They run on by themselves; DIR/cluster.json remembers them. */
import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "../cli/arguments.ts";
import { onlyWeMayWrite } from "./access.ts";
import { answersChirp } from "./answers_chirp.ts";
import { serverProgram, startChirpServer } from "./chirp_server.ts";
import { type ClusterState, readClusterState, type ServerState, writeClusterState } from "./cluster_state.ts";
import { freePort, portIsFree } from "./free_port.ts";
import { killGroup, membersOf } from "./process_group.ts";
import { serverAccount } from "./server_account.ts";

export interface UpOptions {
  readonly directory: string;
  /** How many servers; null: as many as there were, else 3. */
  readonly count: number | null;
  /** The port of the first, the others follow; null: those they had, else free ones. */
  readonly basePort: number | null;
  /** Whether they end when this process does, even by SIGKILL. */
  readonly endWithUs: boolean;
}

export interface ServerStatus {
  readonly host: string;
  /** `silent`: there are processes, but they do not answer (stopped, or hopelessly busy). */
  readonly state: "running" | "silent" | "dead";
  /** The number of its process group, as long as it lives. */
  readonly processGroup: number | null;
}

const defaultCount = 3;
/** A stopped server never answers, a busy one within this. */
const answerLimitMs = 2000;

/**
 * Starts the servers that do not run, each where and with what it had before, and writes servers.txt. When one cannot be
 * started, those started with it are ended again. Throws UsageError for a directory or port that cannot be used.
 */
export async function clusterUp({ directory, count, basePort, endWithUs }: UpOptions): Promise<ClusterState> {
  const before = readClusterState(directory)?.servers ?? [];
  const wanted = count ?? (before.length > 0 ? before.length : defaultCount);
  if (wanted < before.length && before.slice(wanted).some(isAlive)) {
    throw new UsageError(`-n ${wanted}, but ${before.length} servers run in ${directory}; end them first with "down"`);
  }
  prepareDirectory(directory);
  const servers: ServerState[] = [];
  const started: ServerState[] = [];
  try {
    for (let index = 0; index < wanted; index++) {
      const known = before[index];
      if (known !== undefined && isAlive(known)) {
        checkPort(known, basePort, index);
        servers.push(known);
        continue;
      }
      const port = await choosePort(known, basePort, index);
      const server = await startOne(join(directory, `server${index + 1}`), port, endWithUs);
      started.push(server);
      servers.push(server);
      // After each one: should we be killed now, `down` still finds every server.
      writeClusterState(directory, { servers: [...servers, ...before.slice(servers.length)] });
    }
  } catch (error) {
    await Promise.all(started.map(end));
    throw error;
  }
  const state = { servers };
  writeClusterState(directory, state);
  writeFileSync(serversFile(directory), serversText(state));
  return state;
}

/** Ends all servers of the directory, at once and with their connections; their files stay. How many there were to end. */
export async function clusterDown(directory: string): Promise<number> {
  const { servers } = knownState(directory);
  const alive = servers.filter(isAlive).length;
  await Promise.all(servers.map(end));
  writeClusterState(directory, { servers: servers.map(({ port }) => ({ port, group: null })) });
  return alive;
}

export async function clusterStatus(directory: string): Promise<readonly ServerStatus[]> {
  return await Promise.all(
    knownState(directory).servers.map(async (server): Promise<ServerStatus> => {
      const host = `127.0.0.1:${server.port}`;
      if (!isAlive(server)) return { host, state: "dead", processGroup: null };
      const answers = await answersChirp("127.0.0.1", server.port, answerLimitMs);
      return { host, state: answers ? "running" : "silent", processGroup: server.group?.id ?? null };
    }),
  );
}

export function serversFile(directory: string): string {
  return join(directory, "servers.txt");
}

/** The servers.txt of these servers. */
export function serversText({ servers }: ClusterState): string {
  return servers.map(({ port }) => `127.0.0.1:${port}\n`).join("");
}

function knownState(directory: string): ClusterState {
  if (!existsSync(directory)) throw new UsageError(`--dir "${directory}": no such directory`);
  const state = readClusterState(directory);
  if (state === null) throw new UsageError(`--dir "${directory}": no servers were started there with "up"`);
  return state;
}

async function startOne(directory: string, port: number, endWithUs: boolean): Promise<ServerState> {
  const acl = onlyWeMayWrite();
  const server = await startChirpServer({ directory, port, acl, logRpcs: false, endWithUs });
  return { port, group: server.group };
}

async function end({ group }: ServerState): Promise<void> {
  if (group !== null) await killGroup(group, serverProgram);
}

function isAlive({ group }: ServerState): boolean {
  return group !== null && membersOf(group, serverProgram).length > 0;
}

async function choosePort(known: ServerState | undefined, basePort: number | null, index: number): Promise<number> {
  const port = basePort === null ? known?.port : basePort + index;
  if (port === undefined) return await freePort();
  if (await portIsFree(port)) return port;
  throw new UsageError(`port ${port} of 127.0.0.1 is in use; choose others with --base-port`);
}

function checkPort({ port }: ServerState, basePort: number | null, index: number): void {
  if (basePort === null || basePort + index === port) return;
  throw new UsageError(`--base-port ${basePort}, but a server runs on port ${port} already; end it first with "down"`);
}

function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--dir "${directory}" cannot be used: ${(error as Error).message}`);
  }
  if (!statSync(directory).isDirectory()) throw new UsageError(`--dir "${directory}" is not a directory`);
  const account = serverAccount();
  if (account === null) return;
  // The servers run as somebody else then, who must be able to come by.
  for (let each = resolve(directory); each !== dirname(each); each = dirname(each)) {
    const { mode, uid } = statSync(each);
    if (uid !== account.uid && (mode & 0o001) === 0) {
      throw new UsageError(
        `--dir "${directory}": chirp_server, which serves as ${account.name}, cannot enter ${each}; ` +
          `allow it (chmod o+x "${each}") or choose a directory elsewhere, such as below /tmp`,
      );
    }
  }
}
