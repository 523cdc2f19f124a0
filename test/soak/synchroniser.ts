/** `chirp_synchronize --every` as a process of its own, and what it says of each cycle. */
import { join } from "node:path";

export interface SynchroniserOptions {
  readonly source: string;
  readonly targets: readonly string[];
  readonly directory: string;
  /** Told at the end of each cycle which targets are now as the source was when the cycle began, at `beganAfter` at the earliest. */
  readonly onCycle: (clean: readonly string[], beganAfter: number) => void;
}

export interface Synchroniser {
  readonly pid: number;
  readonly cycles: number;
  /** Targets that ended with each exit code, over all cycles. */
  readonly exits: ReadonlyMap<number, number>;
  readonly copied: number;
  stderr(): string;
  /** SIGTERM; the exit code. */
  stop(): Promise<number>;
}

const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
const STOP_LIMIT_MS = 20_000;
/** A target that is stopped holds a cycle for this long and no longer. */
const TIMEOUTS = ["--timeout", "4", "--contimeout", "2", "--retries", "0"];

export function startSynchroniser({ source, targets, directory, onCycle }: SynchroniserOptions): Synchroniser {
  const pairs = [source, ...targets].flatMap((host) => [host, directory]);
  const child = Bun.spawn(
    [process.execPath, program, "-r", "--delete", "--json", "--every", "1s", ...TIMEOUTS, ...pairs],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const exits = new Map<number, number>();
  let cycles = 0;
  let copied = 0;
  let stderr = "";
  // A cycle may begin at once when the one before has ended, which is read here a little later; but no two begin within a second.
  let lastEnd = performance.now();
  let endBeforeLast = lastEnd;
  let clean: string[] = [];

  function take(line: string): void {
    const object = JSON.parse(line) as Record<string, unknown>;
    if (object["event"] === "end") {
      cycles++;
      onCycle(clean, endBeforeLast);
      clean = [];
      endBeforeLast = lastEnd;
      lastEnd = performance.now();
    } else if (object["event"] === undefined && typeof object["exit"] === "number") {
      exits.set(object["exit"], (exits.get(object["exit"]) ?? 0) + 1);
      copied += Number(object["copied"]) + Number(object["updated"]);
      if (object["exit"] === 0) clean.push(String(object["replica"]));
    }
  }

  const reading = Promise.all([
    eachLine(child.stdout, take),
    eachLine(child.stderr, (line) => void (stderr = `${stderr}${line}\n`.slice(-20_000))),
  ]);

  return {
    pid: child.pid,
    get cycles() {
      return cycles;
    },
    exits,
    get copied() {
      return copied;
    },
    stderr: () => stderr,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
      await reading;
      const code = await child.exited;
      clearTimeout(timer);
      return code;
    },
  };
}

async function eachLine(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line !== "") take(line);
  }
}
