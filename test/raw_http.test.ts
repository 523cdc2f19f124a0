import { describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { answered, exchange, type ExchangeOptions, type Piece } from "./helpers/raw_http.ts";

/** Answers whatever comes with these bytes, then ends, breaks or keeps the connection. */
async function answering(answer: string, then: "end" | "reset" | "keep", options: Omit<ExchangeOptions, "port"> = {}) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      socket.write(Buffer.from(answer, "latin1"), () => {
        if (then === "end") socket.end();
        if (then === "reset") socket.resetAndDestroy();
      });
    });
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  try {
    return await exchange("GET / HTTP/1.1\r\n\r\n", { ...options, port: (server.address() as { port: number }).port });
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const ok = "HTTP/1.1 200 OK\r\n";

describe("a response is read", () => {
  test.each<[answer: string, body: string, framing: string]>([
    [`${ok}Content-Length: 3\r\n\r\nabc`, "abc", "length"],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n`, "abc", "chunked"],
    [`${ok}X: y\r\n\r\nabc`, "abc", "close"],
    ["HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "", "none"],
    ["HTTP/1.1 204 No Content\r\n\r\n", "", "none"],
  ])("%j", async (answer, body, framing) => {
    const { responses, end } = await answering(answer, "end");
    expect(responses.map((response) => [response.body.toString(), response.framing as string])).toEqual([
      [body, framing],
    ]);
    expect(end).toBe("closed");
  });

  test("two in a row, one of them to HEAD, after a 100", async () => {
    const answer = `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 3\r\n\r\n${ok}Content-Length: 1\r\n\r\nx`;
    const { responses, interim } = await answering(answer, "end", { methods: ["HEAD", "GET"] });
    expect(responses.map(({ body }) => body.toString())).toEqual(["", "x"]);
    expect(interim.map(({ status }) => status)).toEqual([100]);
  });

  test("without waiting for the end", async () => {
    const answer = `${ok}Content-Length: 3\r\n\r\nabc`;
    const { responses, end } = await answering(answer, "keep", { until: "responses" });
    expect(responses[0]?.body.toString()).toBe("abc");
    expect(end).toBe("open");
  });

  test("as far as it came", async () => {
    const cut = await answering(`${ok}Content-Length: 30\r\n\r\nabc`, "end");
    expect([cut.responses.length, cut.end, cut.unfinished.toString().slice(-3)]).toEqual([0, "closed", "abc"]);
    const broken = await answering(`${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`, "reset");
    expect([broken.responses.length, broken.end]).toEqual([0, "reset"]);
  });
});

describe("a violation is an error", () => {
  test.each<[answer: string, message: string]>([
    ["HTTP/1.0 200 OK\r\n\r\n", "status line"],
    ["HTTP/1.1 200 OK\nX: y\r\n\r\n", "status line"],
    [`${ok}X : y\r\n\r\n`, "no header"],
    [`${ok}X: y\nZ: a\r\n\r\n`, "no header"],
    [`${ok}X: y\r\n z\r\n\r\n`, "no header"],
    [`${ok}X: \x1b\r\n\r\n`, "no header"],
    [`${ok}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, "2 times"],
    [`${ok}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc`, "both"],
    [`${ok}Content-Length: -3\r\n\r\nabc`, "Content-Length"],
    [`${ok}Content-Length: 3\r\n\r\nabcd`, "after the last response"],
    ["HTTP/1.1 304 Not Modified\r\n\r\nabc", "after the last response"],
    ["HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "204 with a length"],
    [`${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`, "Transfer-Encoding"],
    [`${ok}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, "chunk size"],
    [`${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n`, "end of chunk"],
  ])("%j", async (answer, message) => {
    await expect(answering(answer, "end")).rejects.toThrow(message);
  });

  test("a header that is there twice is seen when it is asked for", async () => {
    const { responses } = await answering(`${ok}ETag: "a"\r\netag: "b"\r\nContent-Length: 0\r\n\r\n`, "end");
    expect(() => responses[0]?.header("ETag")).toThrow("ETag is there 2 times");
  });

  test("silence", async () => {
    await expect(answering(`${ok}\r\n`, "keep", { deadlineMs: 100 })).rejects.toThrow("no end within 100 ms");
  });
});

test("the second request waits for the answer to the first", async () => {
  const received: string[] = [];
  using server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      async data(socket, chunk) {
        received.push(chunk.toString());
        await Bun.sleep(30);
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        if (chunk.toString() === "two") socket.end();
      },
    },
  });
  const { responses } = await exchange(["one", answered, "two"], { port: server.port, methods: ["GET", "GET"] });
  expect(responses).toHaveLength(2);
  expect(received).toEqual(["one", "two"]);
});

test("bytes are sent as given, with pauses", async () => {
  const received: Buffer[] = [];
  using server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, chunk) {
        received.push(Buffer.from(chunk));
        if (chunk.at(-1) === 33) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      },
    },
  });
  const pieces: Piece[] = ["a\xff\0", 30, Buffer.from([1, 2]), "!"];
  await exchange(pieces, { port: server.port });
  expect(Buffer.concat(received)).toEqual(Buffer.from("a\xff\0\x01\x02!", "latin1"));
  expect(received[0]).toHaveLength(3);
});
