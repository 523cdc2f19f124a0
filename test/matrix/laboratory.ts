/** Three real servers for the cells of the matrix; the way to the first leads through a fault proxy and a tripwire. */
import { type Cluster, startCluster, type TestServer } from "../helpers/cluster.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "../helpers/fault_proxy.ts";
import { type Rest, startTripwire, type Tripped, type Tripwire } from "../helpers/tripwire_proxy.ts";
import type { FaultName } from "./cells.ts";

export interface Laboratory extends AsyncDisposable {
  readonly cluster: Cluster;
  /** The one that breaks. */
  readonly broken: TestServer;
  /** Where clients find it. */
  readonly brokenHost: string;
  readonly well: TestServer;
  readonly third: TestServer;
  readonly wire: Tripwire;
  /**
   * Makes the fault, for all connections; in the one where the moment was met, at that very byte: what had come by then has
   * reached the client (or the server), and what comes after is broken.
   */
  breakIt(fault: FaultName, tripped?: Tripped): Promise<Rest>;
  mend(): Promise<void>;
}

const networkFaults: Readonly<Partial<Record<FaultName, Fault>>> = {
  refused: { kind: "refuse" },
  reset: { kind: "cut", afterBytes: 0, how: "reset" },
  closed: { kind: "cut", afterBytes: 0, how: "close" },
  silent: { kind: "swallow" },
  "black hole": { kind: "blackHole", afterBytes: 3 },
  dripping: { kind: "drip", bytesPerSecond: 1 },
  late: { kind: "delay", ms: 60 },
  garbage: { kind: "garbage" },
  "authentication refused": { kind: "denyAuth" },
};

/** What becomes of the bytes that were held at the moment. Where none are lost, they go on when all is mended. */
const restAfter: Readonly<Record<FaultName, Rest>> = {
  refused: "isLost",
  reset: "isLost",
  closed: "isLost",
  silent: "waits",
  "black hole": "waits",
  dripping: "passes",
  late: "passes",
  garbage: "waits",
  "authentication refused": "waits",
  killed: "isLost",
  stopped: "waits",
  "one reset": "isLost",
};

export async function openLaboratory(): Promise<Laboratory> {
  const cluster = await startCluster({ servers: 3 });
  const [broken, well, third] = cluster.servers;
  const wire = await startTripwire(broken.port);
  const proxy: FaultProxy = await startFaultProxy(wire.port);
  let current: FaultName | null = null;

  async function breakIt(fault: FaultName, tripped?: Tripped): Promise<Rest> {
    const connection = tripped && proxy.connectionFrom(tripped.port);
    if (connection !== undefined) await connection.untilPassed(tripped!.answeredBytes);
    current = fault;
    const network = networkFaults[fault];
    if (network !== undefined) await proxy.set(network);
    else if (fault === "killed") await broken.kill();
    else if (fault === "stopped") broken.stop();
    if (network?.kind === "cut") connection?.end(network.how);
    if (fault === "one reset") connection?.end("reset");
    // Inside of an answer it would be other contents, which nobody can tell from the right ones.
    if (tripped?.on === "command") connection?.answerWrongly();
    return restAfter[fault];
  }

  async function mend(): Promise<void> {
    wire.disarm();
    const fault = current;
    current = null;
    if (fault === "killed") await broken.restart();
    else if (fault === "stopped") broken.resume();
    await proxy.set({ kind: "none" });
  }

  return {
    cluster,
    broken,
    brokenHost: proxy.host,
    well: well!,
    third: third!,
    wire,
    breakIt,
    mend,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await wire[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}
