export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Killed after this long, which then fails the run: no test waits for ever. */
  readonly limitMs?: number;
}

const defaultLimitMs = 30_000;

/** Runs a program to its end and tells what it said. A program ended by a signal has 128 + its number, as in a shell. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { cwd, env = process.env, limitMs = defaultLimitMs } = options;
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env,
    ...(cwd === undefined ? {} : { cwd }),
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, limitMs);
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  clearTimeout(timer);
  if (late) throw new Error(`${command.join(" ")} was not done after ${limitMs} ms; it said: ${stdout}${stderr}`);
  return { exitCode, stdout, stderr };
}
