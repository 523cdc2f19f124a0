import { createServer } from "node:net";

/**
 * Below the range that Linux takes ports of outgoing connections from (32768 and up): there a port that a killed server left
 * could be taken by anybody's connection before the server is back, and a connect to it could even meet itself.
 */
const lowest = 10_000;
const highest = 32_000;

/** With fewer than one port in a hundred in use, this many unlucky draws mean that something else is wrong. */
const maxDraws = 100;

/** A port on 127.0.0.1 that nobody listens on at the moment, drawn at random so that several of us seldom draw the same. */
export async function freePort(): Promise<number> {
  for (let draw = 0; draw < maxDraws; draw++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (await portIsFree(port)) return port;
  }
  throw new Error(`Cannot find a free port on 127.0.0.1 between ${lowest} and ${highest}: ${maxDraws} were in use`);
}

/** Whether a server could listen on this port of 127.0.0.1. */
export async function portIsFree(port: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
    else reject(error);
  });
  server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  return await promise;
}
