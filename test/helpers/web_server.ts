/** The web server as users start it, in a process of its own, for the length of a test. */
import { atExit } from "./at_exit.ts";

export interface WebServer extends AsyncDisposable {
  readonly port: number;
  /** Of the admin listener; null without --admin. */
  readonly adminPort: number | null;
  /** The number of its process. */
  readonly pid: number;
  /** What it has said on standard error so far, and on standard output (the access log). */
  stderr(): string;
  stdout(): string;
  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, when it has ended. */
  readonly exited: Promise<number>;
}

/** Start of Bun and the first look at the servers; generous, since the machine may be busy. */
const startLimitMs = 20_000;
/** A stop waits for what is in flight. */
const stopLimitMs = 10_000;

const ownProgram = new URL("../../src/http.ts", import.meta.url).pathname;

/** Starts `bun src/http.ts` (or that of another copy) with these options on a free port, and waits until it says that it listens. */
export async function startWebServer(options: readonly string[], program = ownProgram): Promise<WebServer> {
  const child = Bun.spawn([process.execPath, program, "--port", "0", ...options], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const forget = atExit(() => child.kill("SIGKILL"));
  void child.exited.then(forget);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
    await child.exited;
    clearTimeout(timer);
  };
  const timer = setTimeout(() => child.kill("SIGKILL"), startLimitMs);
  const line = await stderr.until(/^listening on https?:\/\/\S+:(\d+)$/m);
  const wantsAdmin = options.includes("--admin");
  const adminLine = wantsAdmin && line !== null ? await stderr.until(/^admin on http:\/\/\S+:(\d+)$/m) : null;
  clearTimeout(timer);
  if (line === null || (wantsAdmin && adminLine === null)) {
    await stop();
    throw new Error(`the web server did not start: ${stderr.text()}`);
  }
  return {
    port: Number(line[1]),
    adminPort: adminLine === null ? null : Number(adminLine[1]),
    pid: child.pid,
    stderr: stderr.text,
    stdout: stdout.text,
    kill: (signal) => child.kill(signal),
    exited: child.exited,
    [Symbol.asyncDispose]: stop,
  };
}

/** Keeps what a stream says; `until` waits for a line, or the end (null). */
function collect(stream: ReadableStream<Uint8Array>) {
  let text = "";
  let ended = false;
  let wake = Promise.withResolvers<void>();
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true });
      wake.resolve();
      wake = Promise.withResolvers();
    }
    ended = true;
    wake.resolve();
  };
  void read();
  return {
    text: () => text,
    until: async (pattern: RegExp): Promise<RegExpExecArray | null> => {
      while (true) {
        const match = pattern.exec(text);
        if (match !== null || ended) return match;
        await wake.promise;
      }
    },
  };
}
