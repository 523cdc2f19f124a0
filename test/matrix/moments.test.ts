/** The laboratory itself: a fault comes at the byte that it is to come at, or a cell of the matrix tries something else. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { FaultName } from "./cells.ts";
import { type Laboratory, openLaboratory } from "./laboratory.ts";

setDefaultTimeout(60_000);

const CONTENTS = "the contents of a file ".repeat(100);
const ANSWER = `${CONTENTS.length}\n${CONTENTS}`;
const BYTES = 700;
/** For what is not to come. */
const SILENCE_MS = 300;

let lab: Laboratory;
beforeAll(async () => {
  lab = await openLaboratory();
  lab.broken.plant("/file.txt", CONTENTS);
});
afterAll(() => lab[Symbol.asyncDispose]());

/** A client that has been let in, what has come since, and how it ended. */
async function letIn() {
  const socket = connect(Number(lab.brokenHost.split(":")[1]), "127.0.0.1");
  const seen = { text: "", end: "open" };
  socket.on("data", (bytes: Buffer) => void (seen.text += bytes.toString("latin1")));
  socket.on("end", () => (seen.end = "closed")).on("error", () => (seen.end = "reset"));
  socket.write("address\n");
  while (!seen.text.endsWith("127.0.0.1\n")) await once(socket, "data");
  seen.text = "";
  return { socket, seen };
}

test.each<[FaultName, seen: string, end: string, afterwards: string]>([
  ["refused", ANSWER.slice(0, BYTES), "reset", ANSWER.slice(0, BYTES)],
  ["reset", ANSWER.slice(0, BYTES), "reset", ANSWER.slice(0, BYTES)],
  ["closed", ANSWER.slice(0, BYTES), "closed", ANSWER.slice(0, BYTES)],
  ["killed", ANSWER.slice(0, BYTES), "closed", ANSWER.slice(0, BYTES)],
  ["silent", ANSWER.slice(0, BYTES), "open", ANSWER],
  ["stopped", ANSWER.slice(0, BYTES), "open", ANSWER],
  ["late", ANSWER, "open", ANSWER],
])("%s inside of an answer", async (fault, seen, end, afterwards) => {
  const client = await letIn();
  try {
    const met = lab.wire.arm({ on: "answer", names: ["getfile"], nth: 1, bytes: BYTES }, (tripped) =>
      lab.breakIt(fault, tripped),
    );
    client.socket.write("getfile /file.txt\n");
    await met;
    await Bun.sleep(SILENCE_MS);
    expect(client.seen).toEqual({ text: seen, end });
    await lab.mend();
    await Bun.sleep(SILENCE_MS);
    expect(client.seen).toEqual({ text: afterwards, end });
  } finally {
    client.socket.destroy();
    await lab.mend();
  }
});

test.each<[FaultName, string, string]>([
  ["reset", "", "reset"],
  ["killed", "", "closed"],
  ["stopped", "", "open"],
  ["garbage", "HTTP/1.1 400 Bad Request\r\n\r\n", "open"],
  ["authentication refused", "no\n", "open"],
])("%s at a command", async (fault, text, end) => {
  const client = await letIn();
  try {
    const met = lab.wire.arm({ on: "command", names: ["getfile"], nth: 1 }, (tripped) => lab.breakIt(fault, tripped));
    client.socket.write("getfile /file.txt\n");
    await met;
    await Bun.sleep(SILENCE_MS);
    expect(client.seen).toEqual({ text, end });
  } finally {
    client.socket.destroy();
    await lab.mend();
  }
});

test("reset inside of what is written: the server has the beginning", async () => {
  const client = await letIn();
  try {
    const met = lab.wire.arm({ on: "payload", names: ["putfile"], nth: 1, bytes: BYTES }, (tripped) =>
      lab.breakIt("reset", tripped),
    );
    client.socket.write(`putfile /new.txt 420 ${CONTENTS.length}\n${CONTENTS}`);
    await met;
    await Bun.sleep(SILENCE_MS);
    expect(client.seen.end).toBe("reset");
    // An interrupted putfile deletes its file; a whole one would be there.
    expect(await Bun.file(lab.broken.diskPath("/new.txt").toString()).exists()).toBe(false);
  } finally {
    client.socket.destroy();
    await lab.mend();
  }
});
