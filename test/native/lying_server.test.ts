/** The native library against a server that lies: it neither crashes nor waits for ever, and believes nothing impossible. */
import { watchMemory } from "../helpers/watch_memory.ts";
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blameOf, type ErrorCode } from "../../src/errors.ts";
import { AUTHENTICATED, startLyingServer, type Script } from "../helpers/lying_server.ts";
import { HONEST_SIZE, type CallName, type Report, type Task } from "./lied_to.ts";
import { lies, truthfully } from "./lies.ts";

setDefaultTimeout(120_000);

interface Result extends Report {
  /** "" when all went well. */
  readonly stderr: string;
  readonly exitCode: number;
  readonly maxRssMb: number;
  readonly lines: readonly string[];
}

/** Processes at a time: each has little to do but to start. */
const PARALLEL = 4;

/** A timeout of one second ends within two and a half (native/chirp_shim.h), on a machine that has time for it. */
const TIMEOUT_LIMIT_MS = 8_000;
/** What needs no waiting ends long before this timeout, until which libchirp would try again and again. */
const PROMPT_TIMEOUT_SECONDS = 20;
const PROMPT_LIMIT_MS = 8_000;

/** Bun takes about 60 MB, the file that nobody reads 32. */
const RSS_LIMIT_MB = 250;

const childLimitMs = 60_000;

interface LieOptions {
  readonly auth?: readonly string[];
  readonly authentication?: Script;
  readonly timeoutSeconds?: number;
}

async function tellLie(
  call: CallName,
  script: Script,
  { auth = ["address"], authentication, timeoutSeconds = PROMPT_TIMEOUT_SECONDS }: LieOptions = {},
): Promise<Result> {
  await using server = await startLyingServer(truthfully(script), authentication ? { authentication } : {});
  const argument = JSON.stringify({ host: server.host, call, auth, timeoutSeconds } satisfies Task);
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "lied_to.ts"), argument], {
    stdout: "pipe",
    stderr: "pipe",
    timeout: childLimitMs,
    killSignal: "SIGKILL",
  });
  const memory = watchMemory(child.pid);
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const maxRssMb = Math.round(memory.stop());
  const failed: Report = { lie: { value: null }, lieMs: 0, honest: { value: null }, leakedDescriptors: 0 };
  const report = stdout === "" ? failed : (JSON.parse(stdout) as Report);
  return { ...report, stderr, exitCode, maxRssMb, lines: [...server.lines] };
}

describe("answers", () => {
  const results = new Map<string, Result>();

  beforeAll(async () => {
    const waiting = [...lies];
    const tellAll = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        results.set(
          next.name,
          await tellLie(next.call, next.answer, { timeoutSeconds: next.takesTimeout ? 1 : PROMPT_TIMEOUT_SECONDS }),
        );
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, tellAll));
  });

  test.each(lies.map((lie) => [lie.name, lie] as const))("%s", (name, { expected, takesTimeout }) => {
    const result = results.get(name)!;
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    const outcome =
      typeof expected === "string" ? { code: expected, blame: blameOf(expected as ErrorCode) } : { ...expected };
    expect(result.lie).toEqual(outcome);
    expect(result.lieMs).toBeLessThan(takesTimeout ? TIMEOUT_LIMIT_MS : PROMPT_LIMIT_MS);
    expect(result.honest).toEqual({ value: HONEST_SIZE });
    expect(result.leakedDescriptors).toBe(0);
    expect(result.maxRssMb).toBeLessThan(RSS_LIMIT_MB);
  });

  test("all blame falls on the server, or on nobody", () => {
    const others = lies.filter(
      ({ expected }) => typeof expected === "string" && blameOf(expected as ErrorCode) === "ours",
    );
    expect(others).toEqual([]);
  });
});

describe("authentication", () => {
  const cases: readonly (readonly [string, Script, ErrorCode])[] = [
    ["another protocol", (_, client) => client.send("HTTP/1.1 400 Bad Request\r\n\r\n"), "EPROTO"],
    ["a line without an end", (_, client) => client.sendForEver("x"), "ECONNRESET"],
    ["nothing", () => {}, "ETIMEDOUT"],
    ["no", (_, client) => client.send("no\n"), "EKEYREJECTED"],
    ["the end of the connection", (_, client) => client.close(), "ECONNRESET"],
    ["yes, then the end of the connection", (_, client) => (client.send("yes\n"), client.close()), "ECONNRESET"],
    ["yes, yes, then nothing", (_, client) => client.send("yes\nyes\n"), "ETIMEDOUT"],
    [
      "a subject without an end",
      (_, client) => (client.send("yes\nyes\nyes\naddress\n"), client.sendForEver("x")),
      "ECONNRESET",
    ],
    ["yes without an end", (_, client) => client.sendForEver("yes\n"), "EPROTO"],
  ];

  test.each(cases)("%s", async (_, authentication, code) => {
    const result = await tellLie("stat", () => {}, { authentication });
    expect(result).toMatchObject({ exitCode: 0, stderr: "", lie: { code }, leakedDescriptors: 0 });
    expect(result.lieMs).toBeLessThan(TIMEOUT_LIMIT_MS);
  });

  /** Names a file to a client that tries "unix", and then accepts "address". */
  async function challenge(path: string): Promise<Result> {
    return await tellLie("stat", () => {}, {
      auth: ["unix", "address"],
      authentication: (line, client) => {
        if (line === "unix") client.send(`yes\n${path}\n`);
        else if (line === "address") client.send(AUTHENTICATED);
        else if (line === "yes") client.send("no\n");
        else if (line.startsWith("stat")) client.send(`0\n1 2 33188 1 0 0 0 ${HONEST_SIZE} 0 0 0 0 0\n`);
      },
    });
  }

  test("a server cannot have just any file made", async () => {
    const directory = mkdtempSync(join(tmpdir(), "chirp-site-test-challenge-"));
    try {
      for (const path of [
        `${directory}/nologin`,
        `${directory}/challenge.1.1/x`,
        `${directory}/challenge.`,
        "challenge.1.1",
      ]) {
        const result = await challenge(path);
        expect(result.lines.slice(0, 3)).toEqual(["unix", "no", "address"]);
        expect(result.honest).toEqual({ value: HONEST_SIZE });
      }
      const met = await challenge(`${directory}/challenge.1.1`);
      expect(met.lines.slice(0, 3)).toEqual(["unix", "yes", "address"]);
      expect(existsSync(`${directory}/challenge.1.1`)).toBe(false);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test("a challenge that cannot be met here is no reason to give up", async () => {
    const { lines, honest } = await challenge("/no/such/directory/challenge.1.1");
    expect(lines.slice(0, 3)).toEqual(["unix", "no", "address"]);
    expect(honest).toEqual({ value: HONEST_SIZE });
  });
});
