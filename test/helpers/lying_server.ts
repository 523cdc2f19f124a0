/**
 * A server that speaks the Chirp protocol wrongly on purpose:
 *
 *     await using liar = await startLyingServer((request, client) => client.send("4611686018427387904\n"));
 *
 * It authenticates as it should, unless told otherwise, and hands every request line to the script. It listens in this
 * process: whoever is to be lied to must run in another one, since libchirp blocks.
 */
import { createServer, type Socket } from "node:net";

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
  /** "127.0.0.1:port". */
  readonly host: string;
  /** All lines received, those of the authentication included, of all connections. */
  readonly lines: readonly string[];
  readonly connections: number;
}

/** Agrees to method "address" and accepts it. */
export const AUTHENTICATED = "yes\nyes\nyes\naddress\n127.0.0.1\n";

/** The methods of authentication, as clients ask for them. */
const METHODS = ["unix", "hostname", "address", "ticket"];

export async function startLyingServer(
  script: Script,
  options: { readonly authentication?: Script; readonly greeting?: Script } = {},
): Promise<LyingServer> {
  const { authentication = (_, client) => client.send(AUTHENTICATED), greeting } = options;
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    // A client that has had enough resets the connection; that is what this server is for.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    const lineReader = createLineReader();
    const client: Client = {
      send: (bytes) => void socket.write(Buffer.from(bytes, "latin1")),
      sendForEver: (bytes) => sendForEver(socket, Buffer.from(bytes, "latin1")),
      close: () => socket.end(),
      skip: lineReader.skip,
      stopReading: () => socket.pause(),
    };
    greeting?.("", client);
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
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return {
    host: `127.0.0.1:${address.port}`,
    lines,
    get connections() {
      return connections;
    },
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
