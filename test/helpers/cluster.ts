/**
 * Real Chirp servers for a test:
 *
 *     await using cluster = await startCluster({ servers: 3 });
 *     const [first] = cluster.servers;
 *     first.plant("/index.html", "hello", { mtime: 1_700_000_000 });
 *
 * They end, and their files go, with the block; also when the test throws, is interrupted, or its process is killed
 * (then the files stay in the temporary directory).
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { everybodyMayAll } from "../../src/cluster/access.ts";
import { type ChirpServer, serverProgram, startChirpServer } from "../../src/cluster/chirp_server.ts";
import { freePort } from "../../src/cluster/free_port.ts";
import { killGroup, signalGroup } from "../../src/cluster/process_group.ts";
import { atExit } from "./at_exit.ts";
import { createPlanter, type Planter } from "./plant.ts";
import { createRpcLog, type RpcLog } from "./rpc_log.ts";

export interface ClusterOptions {
  readonly servers: number;
  /** Lines "subject rights" of the root and of every directory planted; everybody may do everything unless told. */
  readonly acl?: readonly string[];
  /** More arguments of chirp_server, e.g. ["-t", "2"]. */
  readonly extraArguments?: readonly string[];
}

export interface TestServer extends Planter, RpcLog {
  /** "127.0.0.1:port", as in servers.txt. */
  readonly host: string;
  readonly port: number;
  /** The served directory on disk. */
  readonly rootDirectory: string;
  /** The number of its process group now. */
  readonly processGroup: number;
  /** SIGKILL to the server and all its connections; done when the last process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP to the server and all its connections: it accepts, and is silent. */
  stop(): void;
  /** SIGCONT after stop(). */
  resume(): void;
  /** Kills it if it runs, starts it on the same port with the same files, and waits until it answers. */
  restart(): Promise<void>;
}

export interface Cluster extends AsyncDisposable {
  readonly servers: readonly [TestServer, ...TestServer[]];
  /** "127.0.0.1:port" of every server. */
  readonly hosts: readonly string[];
  /** A servers.txt that names them all. */
  readonly serversFile: string;
  /** A directory of the test's own, removed with the cluster. */
  readonly directory: string;
}

/** Somebody else may take a port between our look and the server's start; not five times in a row. */
const maxStarts = 5;

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-test-"));
  // mkdtemp makes it for us alone; the servers run as somebody else when we are root.
  chmodSync(directory, 0o755);
  const slots: Slot[] = [];
  const forget = atExit(() => {
    for (const { running } of slots) signalGroup(running.group, serverProgram, "SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  });
  const dispose = async () => {
    await Promise.all(slots.map(({ running }) => killGroup(running.group, serverProgram)));
    rmSync(directory, { recursive: true, force: true });
    forget();
  };
  try {
    for (let index = 1; index <= options.servers; index++) {
      slots.push(await startSlot(join(directory, `server${index}`), options));
    }
    const [first, ...others] = slots.map((slot) => testServer(slot, options));
    if (first === undefined) throw new Error("a cluster has one server at least");
    const servers: Cluster["servers"] = [first, ...others];
    const hosts = servers.map(({ host }) => host);
    const serversFile = join(directory, "servers.txt");
    writeFileSync(serversFile, hosts.map((host) => `${host}\n`).join(""));
    return { servers, hosts, serversFile, directory, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** A server that may run as several processes in turn. */
interface Slot {
  running: ChirpServer;
  start(port: number): Promise<ChirpServer>;
}

async function startSlot(directory: string, options: ClusterOptions): Promise<Slot> {
  const { acl = everybodyMayAll, extraArguments = [] } = options;
  const start = (port: number) =>
    startChirpServer({ directory, port, acl, extraArguments, logRpcs: true, endWithUs: true });
  for (let attempt = 1; ; attempt++) {
    try {
      return { running: await start(await freePort()), start };
    } catch (error) {
      if (attempt === maxStarts || !(error as Error).message.includes("couldn't listen")) throw error;
    }
  }
}

function testServer(slot: Slot, { acl = everybodyMayAll }: ClusterOptions): TestServer {
  const { host, port, rootDirectory, logFile } = slot.running;
  const signal = (name: "SIGSTOP" | "SIGCONT") => {
    if (!signalGroup(slot.running.group, serverProgram, name)) throw new Error(`${name}: the server ${host} is dead`);
  };
  return {
    ...createPlanter(rootDirectory, acl),
    ...createRpcLog(logFile),
    host,
    port,
    rootDirectory,
    get processGroup() {
      return slot.running.group.id;
    },
    kill: () => killGroup(slot.running.group, serverProgram),
    stop: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    restart: async () => {
      await killGroup(slot.running.group, serverProgram);
      slot.running = await slot.start(port);
    },
  };
}
