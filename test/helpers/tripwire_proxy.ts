/**
 * A TCP proxy in front of a chirp_server that lets a test act at one exact moment of the conversation:
 *
 *     await using wire = await startTripwire(server.port);
 *     const tripped = wire.arm({ on: "command", names: ["pread"], nth: 1 }, () => server.kill());
 *
 * What had come at that moment has been passed on; what comes after waits until the act is done, and then is passed on too,
 * unless the act says what else is to become of it.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

interface Watched {
  /** Commands. */
  readonly names: readonly string[];
  /** What the line of the command looks like besides; any unless told. */
  readonly line?: RegExp;
  readonly nth: number;
}

export type Trip =
  /** The nth time that one of these commands is asked for, on whatever connection: before the server sees it. */
  | (Watched & { readonly on: "command" })
  /** So many bytes into the answer to the nth of these commands. */
  | (Watched & { readonly on: "answer"; readonly bytes: number })
  /** So many bytes into what is sent with the nth of these commands. */
  | (Watched & { readonly on: "payload"; readonly bytes: number });

/** The connection in which it happened: the port that it came from, and the bytes of answers passed on to it until then. */
export interface Tripped {
  readonly on: Trip["on"];
  readonly port: number;
  readonly answeredBytes: number;
}

/**
 * What comes after the moment in that connection: passed on, kept until disarm(), or lost, and the connection with it, for the server
 * perhaps (`isLostUnnoticed`) only at disarm().
 */
export type Rest = "passes" | "waits" | "isLost" | "isLostUnnoticed";
export type Act = (tripped: Tripped) => Rest | void | Promise<Rest | void>;

export interface Tripwire extends AsyncDisposable {
  readonly port: number;
  /** Whether the last trip has happened. */
  readonly hasTripped: boolean;
  /** Resolves when it has happened and `act` is done. Replaces what was armed before. */
  arm(trip: Trip, act: Act): Promise<void>;
  disarm(): void;
}

/** Enough of a request to know it by. */
const LINE_BYTES = 512;

interface Armed {
  readonly trip: Trip;
  readonly act: Act;
  readonly done: PromiseWithResolvers<void>;
  /** Commands of that name seen so far. */
  seen: number;
}

export async function startTripwire(serverPort: number): Promise<Tripwire> {
  const sockets = new Set<Socket>();
  let armed: Armed | null = null;
  let hasTripped = false;
  let disarmed = Promise.withResolvers<void>();

  async function pull(client: Socket, server: Socket): Promise<void> {
    const { act, done, trip } = armed!;
    armed = null;
    hasTripped = true;
    const rest = await act({ on: trip.on, port: client.remotePort!, answeredBytes: client.bytesWritten });
    done.resolve();
    if (rest === "isLostUnnoticed") client.resetAndDestroy();
    if (rest === "waits" || rest === "isLostUnnoticed") await disarmed.promise;
    if (rest === "isLost" || rest === "isLostUnnoticed") for (const socket of [client, server]) socket.destroy();
  }

  function accept(client: Socket): void {
    const server = connect(serverPort, "127.0.0.1");
    for (const socket of [client, server]) sockets.add(socket.on("close", () => sockets.delete(socket)));
    /** Bytes until the trip, in the direction that it watches, once its command has come on this connection. */
    let countdown: number | null = null;

    async function passUp(bytes: Buffer): Promise<void> {
      const watched = armed;
      if (watched !== null && countdown === null) {
        const [line = ""] = bytes.toString("latin1", 0, LINE_BYTES).split("\n");
        if (isMeant(watched.trip, line) && ++watched.seen === watched.trip.nth) {
          if (watched.trip.on === "command") await pull(client, server);
          else countdown = watched.trip.bytes + (watched.trip.on === "payload" ? bytes.indexOf("\n") + 1 : 0);
        }
      }
      if (armed?.trip.on === "payload") await passCounted(server, bytes);
      else write(server, bytes);
    }

    async function passDown(bytes: Buffer): Promise<void> {
      if (armed?.trip.on === "answer") await passCounted(client, bytes);
      else write(client, bytes);
    }

    async function passCounted(to: Socket, bytes: Buffer): Promise<void> {
      if (countdown === null || bytes.length < countdown) {
        if (countdown !== null) countdown -= bytes.length;
        return write(to, bytes);
      }
      const before = countdown;
      countdown = null;
      write(to, bytes.subarray(0, before));
      await pull(client, server);
      write(to, bytes.subarray(before));
    }

    forward(client, server, passUp);
    forward(server, client, passDown);
  }

  const listener = await listen(accept);
  return {
    port: (listener.address() as { port: number }).port,
    get hasTripped() {
      return hasTripped;
    },
    async arm(trip, act) {
      const done = Promise.withResolvers<void>();
      hasTripped = false;
      disarmed.resolve();
      disarmed = Promise.withResolvers();
      armed = { trip, act, done, seen: 0 };
      await done.promise;
    },
    disarm() {
      armed = null;
      disarmed.resolve();
    },
    async [Symbol.asyncDispose]() {
      armed = null;
      disarmed.resolve();
      const closed = Promise.withResolvers<void>();
      listener.close(() => closed.resolve());
      for (const socket of sockets) socket.destroy();
      await closed.promise;
    },
  };
}

function isMeant({ names, line: pattern }: Trip, line: string): boolean {
  const isNamed = names.some((name) => line === name || line.startsWith(`${name} `));
  return isNamed && (pattern?.test(line) ?? true);
}

/** In order, one piece after the other; an end or a break is passed on when all before it was. */
function forward(from: Socket, to: Socket, pass: (bytes: Buffer) => Promise<void>): void {
  let queue = Promise.resolve();
  from.on("data", (bytes: Buffer) => {
    from.pause();
    queue = queue.then(async () => {
      await pass(bytes);
      if (to.writableNeedDrain && !to.destroyed) await drained(to);
      from.resume();
    });
  });
  from.on("error", () => void queue.then(() => to.resetAndDestroy()));
  from.on("close", () => void queue.then(() => to.end()));
}

function write(socket: Socket, bytes: Buffer): void {
  if (bytes.length > 0 && !socket.destroyed) socket.write(bytes);
}

async function drained(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("drain", resolve).once("close", resolve);
  await promise;
}

async function listen(accept: (client: Socket) => void): Promise<Server> {
  const server = createServer(accept);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return server;
}
