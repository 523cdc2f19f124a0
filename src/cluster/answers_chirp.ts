/**
 * Whether a Chirp server answers there within the time. A connection proves nothing, a stopped server's kernel accepts
 * it as well; so a method of authentication that no server knows is asked for, which costs no RPC and is declined with "no".
 */
export async function answersChirp(host: string, port: number, timeoutMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), timeoutMs);
  const connecting = Bun.connect({
    hostname: host,
    port,
    socket: {
      open: (socket) => void socket.write("are-you-there\n"),
      data: (_, bytes) => resolve(bytes.toString() === "no\n"),
      close: () => resolve(false),
      error: () => resolve(false),
      connectError: () => resolve(false),
    },
  });
  const answers = await promise;
  clearTimeout(timer);
  // Refused is an answer too (false, by connectError); a connection that is still being made is closed once it stands.
  connecting.then(
    (socket) => socket.end(),
    () => undefined,
  );
  return answers;
}
