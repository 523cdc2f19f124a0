/** Headless Chromium, driven over its DevTools protocol: what a real browser makes of our answers. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const chromiumProgram = Bun.which("chromium") ?? Bun.which("chromium-browser") ?? Bun.which("google-chrome");

export interface Viewport {
  readonly width: number;
  readonly height: number;
  readonly dark: boolean;
}

/** A response as the network of the page saw it. */
export interface SeenResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Page {
  /** Loads the page and waits until it has loaded. */
  open(url: string): Promise<void>;
  reload(): Promise<void>;
  /** The value of an expression; promises are waited for. */
  evaluate<T>(expression: string): Promise<T>;
  /** A PNG of the whole page. */
  screenshot(viewport: Viewport): Promise<Uint8Array>;
  /** Responses since the last look. */
  takeResponses(): SeenResponse[];
  /** What the page said on its console, and what its policy forbade. */
  readonly complaints: readonly string[];
}

export interface Chromium extends AsyncDisposable {
  newPage(): Promise<Page>;
}

const startLimitMs = 30_000;
const commandLimitMs = 30_000;

type Params = Readonly<Record<string, unknown>>;
/** The protocol's answers are as its documentation says; nobody checks them here. */
// oxlint-disable-next-line typescript/no-explicit-any
type Answer = Record<string, any>;
type Listener = (method: string, params: Answer) => void;

export async function startChromium(): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), "chirp-site-chromium-"));
  const switches = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
  const quiet = ["--autoplay-policy=no-user-gesture-required", "--disable-background-networking", "--hide-scrollbars"];
  const child = Bun.spawn(
    [chromiumProgram!, ...switches, ...quiet, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe", detached: true },
  );
  const dispose = async () => {
    // Its helpers are in its process group.
    process.kill(-child.pid, "SIGKILL");
    await child.exited;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const connection = await connect(await debuggerUrl(child.stderr));
    return { newPage: async () => await newPage(connection), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function debuggerUrl(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stderr.getReader();
  const deadline = setTimeout(() => void reader.cancel(), startLimitMs);
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Chromium did not start: ${text}`);
    text += new TextDecoder().decode(value);
    const url = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
    if (url === undefined) continue;
    clearTimeout(deadline);
    // What it says further must not fill the pipe.
    void (async () => {
      while (!(await reader.read()).done);
    })();
    return url;
  }
}

interface Connection {
  send(method: string, params?: Params, sessionId?: string): Promise<Answer>;
  listen(sessionId: string, listener: Listener): void;
}

async function connect(url: string): Promise<Connection> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, { resolve: (value: Answer) => void; reject: (error: Error) => void }>();
  const listeners = new Map<string, Listener>();
  let id = 0;
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data));
    if (message.id === undefined) return listeners.get(message.sessionId)?.(message.method, message.params);
    const { resolve, reject } = waiting.get(message.id)!;
    waiting.delete(message.id);
    if (message.error === undefined) resolve(message.result);
    else reject(new Error(message.error.message));
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  return {
    listen: (sessionId, listener) => void listeners.set(sessionId, listener),
    async send(method, params = {}, sessionId) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const timer = setTimeout(() => reject(new Error(`Chromium does not answer to ${method}`)), commandLimitMs);
      waiting.set(++id, { resolve, reject });
      socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
      return await promise.finally(() => clearTimeout(timer));
    },
  };
}

async function newPage(connection: Connection): Promise<Page> {
  const { targetId } = await connection.send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await connection.send("Target.attachToTarget", { targetId, flatten: true });
  const send = (method: string, params: Params = {}) => connection.send(method, params, sessionId);
  const complaints: string[] = [];
  let responses: SeenResponse[] = [];
  const seen = new Map<string, SeenResponse>();
  let loaded = Promise.withResolvers<void>();
  connection.listen(sessionId, (method, params) => {
    if (method === "Page.loadEventFired") loaded.resolve();
    if (method === "Log.entryAdded") complaints.push(params["entry"].text);
    if (method === "Runtime.exceptionThrown") complaints.push(params["exceptionDetails"].text);
    if (method === "Network.responseReceived") {
      const { url, status, headers } = params["response"];
      seen.set(params["requestId"], { url, status, headers });
      responses.push({ url, status, headers });
    }
    // The status on the wire: to the page, a 304 looks like the 200 that it has.
    if (method === "Network.responseReceivedExtraInfo" && params["statusCode"] === 304) {
      responses.push({ url: seen.get(params["requestId"])?.url ?? "", status: 304, headers: params["headers"] });
    }
  });
  for (const domain of ["Page", "Network", "Log", "Runtime"]) await send(`${domain}.enable`);

  async function loading(start: () => Promise<unknown>): Promise<void> {
    loaded = Promise.withResolvers();
    await start();
    const limit = setTimeout(() => loaded.reject(new Error("the page does not load")), commandLimitMs);
    await loaded.promise.finally(() => clearTimeout(limit));
  }

  return {
    complaints,
    open: (url) => loading(() => send("Page.navigate", { url })),
    reload: () => loading(() => send("Page.reload")),
    async evaluate<T>(expression: string): Promise<T> {
      const answer = await send("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (answer["exceptionDetails"] !== undefined) throw new Error(JSON.stringify(answer["exceptionDetails"]));
      return answer["result"].value as T;
    },
    async screenshot({ width, height, dark }) {
      const features = [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }];
      await send("Emulation.setEmulatedMedia", { features });
      await send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
      const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: true });
      return Uint8Array.from(Buffer.from(data, "base64"));
    },
    takeResponses() {
      const taken = responses;
      responses = [];
      return taken;
    },
  };
}
