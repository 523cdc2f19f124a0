/** Kills and stops servers at random, and brings them back; one at least is always well. */
import type { TestServer } from "../helpers/cluster.ts";
import type { SeededRandom } from "../helpers/seeded_random.ts";

export interface FaultCounts {
  kills: number;
  stops: number;
  restarts: number;
  resumes: number;
  /** Kills followed by the restart at once. */
  blips: number;
}

export interface FaultInjector {
  readonly counts: Readonly<FaultCounts>;
  /** Ends when every server is well again. Rejects when one cannot be started. */
  readonly done: Promise<void>;
}

export interface FaultInjectorOptions {
  readonly servers: readonly TestServer[];
  readonly random: SeededRandom;
  readonly log: (line: string) => void;
  readonly stop: AbortSignal;
}

interface Patient {
  readonly server: TestServer;
  state: "well" | "stopped" | "dead";
  /** performance.now() of its recovery, or until when it is left in its state. */
  until: number;
}

/** "In use again within 2 s" is the promise: only then may the others be taken away. */
const CONVALESCENCE_MS = 2_000;
const PAUSE_MS = [200, 3_000] as const;
const UNWELL_MS = [100, 9_000] as const;

export function startFaultInjector({ servers, random, log, stop }: FaultInjectorOptions): FaultInjector {
  const counts: FaultCounts = { kills: 0, stops: 0, restarts: 0, resumes: 0, blips: 0 };
  const patients = servers.map((server): Patient => ({ server, state: "well", until: 0 }));

  async function recover(patient: Patient): Promise<void> {
    log(`${patient.server.host} ${patient.state === "stopped" ? "resumed" : "restarted"}`);
    if (patient.state === "stopped") {
      patient.server.resume();
      counts.resumes++;
    } else {
      await patient.server.restart();
      counts.restarts++;
    }
    patient.state = "well";
    patient.until = performance.now() + CONVALESCENCE_MS;
  }

  async function harm(patient: Patient): Promise<void> {
    const choice = random.next();
    patient.until = performance.now() + random.int(...UNWELL_MS);
    if (choice < 0.45) {
      log(`${patient.server.host} stopped`);
      patient.server.stop();
      patient.state = "stopped";
      counts.stops++;
      return;
    }
    log(`${patient.server.host} killed`);
    await patient.server.kill();
    patient.state = "dead";
    counts.kills++;
    if (choice > 0.85) {
      counts.blips++;
      await recover(patient);
    }
  }

  async function run(): Promise<void> {
    while (!stop.aborted) {
      const now = performance.now();
      for (const patient of patients) if (patient.state !== "well" && patient.until <= now) await recover(patient);
      const reliable = patients.filter(({ state, until }) => state === "well" && until <= performance.now());
      if (reliable.length > 1) await harm(random.pick(reliable));
      await Bun.sleep(random.int(...PAUSE_MS) / (reliable.length > 1 ? 1 : 4));
    }
    for (const patient of patients) if (patient.state !== "well") await recover(patient);
  }

  return { counts, done: run() };
}
