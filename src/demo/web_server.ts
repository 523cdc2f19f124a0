import { join } from "node:path";

export interface WebServer {
  readonly url: string;
  /** The status page's. */
  readonly adminUrl: string;
  /** Done when the process has ended, with how: "exit code 1". */
  readonly ended: Promise<string>;
  /** SIGTERM, which lets it finish what is in flight, and SIGKILL when that takes too long. */
  stop(): Promise<void>;
}

type Urls = Pick<WebServer, "url" | "adminUrl">;

const startLimitMs = 20_000;
const stopLimitMs = 10_000;

/** Starts src/http.ts with a status page and waits until it listens. Throws when it ends before, or says nothing in time. */
export async function startWebServer(options: readonly string[]): Promise<WebServer> {
  const program = join(import.meta.dir, "../http.ts");
  const child = Bun.spawn([process.execPath, program, ...options, "--admin", "127.0.0.1:0"], {
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
    // In a session of its own: Ctrl-C in the terminal is for the demo, which then stops it in good order.
    detached: true,
  });
  const ended = child.exited.then((code) =>
    child.signalCode === null ? `exit code ${code}` : String(child.signalCode),
  );
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
    await child.exited;
    clearTimeout(timer);
  };
  const listening = Promise.withResolvers<Urls>();
  void passOn(child.stderr, listening.resolve);
  const late = setTimeout(() => listening.reject(new Error(`not ready after ${startLimitMs} ms`)), startLimitMs);
  try {
    const early = ended.then((how) => Promise.reject(new Error(`ended at once with ${how}`)));
    const urls = await Promise.race([listening.promise, early]);
    return { ...urls, ended, stop };
  } catch (error) {
    await stop();
    throw new Error(`The web server did not start: ${(error as Error).message}`, { cause: error });
  } finally {
    clearTimeout(late);
  }
}

/** Shows what the server says on our standard error, but for the two lines that it listens, whose URLs go to `onUrls`. */
async function passOn(stream: ReadableStream<Uint8Array>, onUrls: (urls: Urls) => void): Promise<void> {
  let rest = "";
  let url = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [, what, heard = ""] = /^(listening|admin) on (\S+)$/.exec(line) ?? [];
      if (what === undefined) process.stderr.write(`${line}\n`);
      else if (what === "listening") url = heard;
      else onUrls({ url, adminUrl: heard });
    }
  }
  process.stderr.write(rest);
}
