/** How much memory, how many file descriptors and threads a process has, over time. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessSample {
  readonly rssMiB: number;
  readonly fds: number;
  readonly threads: number;
}

export interface ProcessWatch {
  readonly samples: readonly ProcessSample[];
  stop(): void;
}

const EVERY_MS = 500;

/** null: the process is gone. */
export function sampleProcess(pid: number): ProcessSample | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    return {
      rssMiB: field("VmRSS") / 1024,
      threads: field("Threads"),
      fds: readdirSync(`/proc/${pid}/fd`).length,
    };
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
}

export function watchProcess(pid: number): ProcessWatch {
  const samples: ProcessSample[] = [];
  const timer = setInterval(() => {
    const sample = sampleProcess(pid);
    if (sample !== null) samples.push(sample);
  }, EVERY_MS);
  return { samples, stop: () => clearInterval(timer) };
}

export interface Growth {
  readonly early: number;
  readonly late: number;
  readonly most: number;
}

/** Medians of the second and of the last fifth: the first is warming up. */
export function growthOf(samples: readonly ProcessSample[], what: keyof ProcessSample): Growth {
  const values = samples.map((sample) => sample[what]);
  const fifth = Math.floor(values.length / 5);
  return {
    early: median(values.slice(fifth, 2 * fifth)),
    late: median(values.slice(-fifth)),
    most: Math.max(...values),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
