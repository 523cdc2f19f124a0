/**
 * A server that speaks the Chirp protocol wrongly on purpose:
 *
 *     await using liar = await startLyingServer((request, client) => client.send("4611686018427387904\n"));
 *
 * It authenticates as it should, unless told otherwise, and hands every request line to the script. It listens in this
 * process: whoever is to be lied to must run in another one, since libchirp blocks.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";

export interface Client {
  /** Bytes as they are: one character a byte. */
  send(bytes: string): void;
  /** These bytes again and again, for as long as the client takes them. */
  sendForEver(bytes: string): void;
  /** The end of the connection, after what was sent. */
  close(): void;
  /** Data that the client sends after its request line (putfile, pwrite) is not taken for requests; 0 again at a line's end. */
  skip(bytes: number): void;
  /** Reads nothing more. */
  stopReading(): void;
}

/** Called with each line that the client sends, without its line break. */
export type Script = (line: string, client: Client) => void;

export interface LyingServer extends AsyncDisposable {
  /** "127.0.0.1:port", "[::1]:port". */
  readonly host: string;
  /** All lines received, those of the authentication included, of all connections. */
  readonly lines: readonly string[];
  /** Connections made so far, and those that are open now. */
  readonly connections: number;
  readonly openConnections: number;
  /** Done when the clients have closed all connections. */
  untilNoneIsOpen(): Promise<void>;
}

/** Agrees to method "address" and accepts it. */
export const AUTHENTICATED = "yes\nyes\nyes\naddress\n127.0.0.1\n";

/** The methods of authentication, as clients ask for them. */
const METHODS = ["unix", "hostname", "address", "ticket"];

export async function startLyingServer(
  script: Script,
  options: { readonly authentication?: Script; readonly address?: string } = {},
): Promise<LyingServer> {
  const { authentication = (_, client) => client.send(AUTHENTICATED), address = "127.0.0.1" } = options;
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  let connections = 0;

  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    // A client that has had enough resets the connection; that is what this server is for.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0) for (const done of waiting.splice(0)) done();
    });
    const lineReader = createLineReader();
    const client: Client = {
      send: (bytes) => void socket.write(Buffer.from(bytes, "latin1")),
      sendForEver: (bytes) => sendForEver(socket, Buffer.from(bytes, "latin1")),
      close: () => socket.end(),
      skip: (bytes) => lineReader.skip(bytes),
      stopReading: () => socket.pause(),
    };
    socket.on("data", (chunk) => {
      for (const line of lineReader.read(chunk.toString("latin1"))) {
        lines.push(line);
        const isAuthentication = METHODS.includes(line) || options.authentication !== undefined;
        (isAuthentication ? authentication : script)(line, client);
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    host: address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
    lines,
    get connections() {
      return connections;
    },
    get openConnections() {
      return sockets.size;
    },
    untilNoneIsOpen: () => new Promise((resolve) => (sockets.size === 0 ? resolve() : waiting.push(resolve))),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function createLineReader() {
  let pending = "";
  let skipping = 0;
  return {
    skip(bytes: number): void {
      skipping = bytes;
    },
    *read(text: string): Generator<string> {
      pending += text;
      while (true) {
        const skipped = Math.min(skipping, pending.length);
        pending = pending.slice(skipped);
        skipping -= skipped;
        const end = pending.indexOf("\n");
        if (skipping > 0 || end < 0) return;
        const line = pending.slice(0, end);
        pending = pending.slice(end + 1);
        yield line;
      }
    },
  };
}

function sendForEver(socket: Socket, bytes: Buffer): void {
  const chunk = Buffer.alloc(Math.max(1, Math.floor(65_536 / bytes.length)) * bytes.length, bytes);
  const fill = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", fill);
  fill();
}
