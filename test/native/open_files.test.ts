/** Files that a worker closes by itself: what the server says of a written one is told to whoever closes it, and to nobody else. */
import { expect, test } from "bun:test";
import { createLane } from "../../src/chirp/lane.ts";
import { startLyingServer, type Script } from "../helpers/lying_server.ts";
import { statLine } from "./lies.ts";

/** More than a worker keeps open (src/chirp/open_files.ts). */
const MANY_FILES = 30;

/** Every file is empty and can be opened; what is written is lost when it is closed. */
function createForgetfulDisk(): Script {
  let opened = 0;
  let written = 0;
  return (line, client) => {
    const [command = "", , flagsOrLength = ""] = line.split(" ");
    const file = Number(line.split(" ")[1]);
    switch (command) {
      case "open":
        if (flagsOrLength.startsWith("w")) written = opened;
        return client.send(`${opened++}\n${statLine({ size: "0" })}\n`);
      case "pwrite":
        client.skip(Number(flagsOrLength));
        return client.send(`${flagsOrLength}\n`);
      case "close":
        return client.send(file === written ? "-6\n" : "0\n");
      default:
        return client.send("0\n");
    }
  };
}

test("an error of a close that made room is kept for whoever closes the file", async () => {
  await using server = await startLyingServer(createForgetfulDisk());
  const [host = "", port] = server.host.split(":");
  const lane = createLane({
    ...{ server: server.host, host, port: Number(port), workers: 1, queueLimit: 10, timeoutMs: 30_000 },
    ...{ connectTimeoutSeconds: 30, auth: ["address"], tickets: "" },
  });
  try {
    const bytes = new Uint8Array(10);
    await lane.call({ kind: "write", path: "/written", offset: 0, bytes, mode: 0o644, truncate: true });
    for (let i = 0; i < MANY_FILES; i++) {
      const { length } = await lane.call({ kind: "read", path: `/${i}`, offset: 0, length: 1 });
      expect(length).toBe(0);
    }
    expect(server.lines).toContain("close 0");
    const close = () => lane.call({ kind: "close", path: "/written" });
    expect(await close().catch((error: Error) => error.message)).toBe(
      `Cannot close "/written" on ${server.host}: input/output error (EIO)`,
    );
    expect(await close()).toBe(null);
  } finally {
    await lane.close();
  }
});
