/** The programs that are measured against, and how they are run. */
import { join } from "node:path";
import { run } from "../../test/helpers/run.ts";

/** The longest that one measured run may take. */
const LIMIT_MS = 180_000;

const nativeDirectory = join(import.meta.dir, "../native");

/** A program that a question needs and this machine lacks, or null. */
export function findMissing(programs: readonly string[]): string | null {
  return programs.find((program) => locate(program) === null) ?? null;
}

/** The path of a program: cctools' from $CCTOOLS, a server's also from /usr/sbin. Null: not installed. */
export function locate(program: string): string | null {
  const cctools = process.env["CCTOOLS"];
  const path = [cctools ? `${cctools}/bin` : "", process.env["PATH"] ?? "", "/usr/sbin"].join(":");
  return Bun.which(program, { PATH: path });
}

/** The path of a program that is there. */
export function program(name: string): string {
  const path = locate(name);
  if (path === null) throw new Error(`${name} is not installed`);
  return path;
}

/** Seconds that a command takes from its start to its end. Throws with its words when it fails. */
export async function secondsOf(command: readonly string[]): Promise<number> {
  const start = performance.now();
  await succeed(command);
  return (performance.now() - start) / 1000;
}

/** Standard output of a command that must succeed. */
export async function succeed(command: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command, { limitMs: LIMIT_MS });
  if (exitCode !== 0) throw new Error(`${command.slice(0, 8).join(" ")} ended with ${exitCode}: ${stdout}${stderr}`);
  return stdout;
}

export interface LoopResult {
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly requests: number;
}

/** Runs bench/native/getfile_loop.c, built anew when its source was changed. `seconds` 0: every path once. */
export async function getfileLoop(
  connections: number,
  seconds: number,
  hosts: readonly string[],
  paths: readonly string[],
): Promise<LoopResult> {
  const loop = join(nativeDirectory, "build/getfile_loop");
  await succeed(["make", "--silent", "-C", nativeDirectory]);
  const output = await succeed([loop, String(connections), String(seconds), hosts.join(","), ...paths]);
  const [requests = 0, bytes = 0, elapsed = 1] = output.split(" ").map(Number);
  return { requestsPerSecond: requests / elapsed, bytesPerSecond: bytes / elapsed, requests };
}
