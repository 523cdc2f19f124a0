import { cpus, release, totalmem } from "node:os";

/** One line: when, on what, with what. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const gibibytes = Math.round(totalmem() / 1024 ** 3);
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${cpus().length} × ${cpu?.model ?? "unknown CPU"}, ${gibibytes} GiB, Linux ${release()}, Bun ${Bun.version}`;
}
