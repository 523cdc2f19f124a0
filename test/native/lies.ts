/** What the lying server of lying_server.test.ts answers, and what must become of it. */
import type { Client, Script } from "../helpers/lying_server.ts";
import { FILE_SIZE, HONEST_SIZE, type CallName } from "./lied_to.ts";

export interface Lie {
  readonly name: string;
  readonly call: CallName;
  /** Answers the request that the lie is about; "/honest" and the opening of "/file" are answered well elsewhere. */
  readonly answer: Script;
  /** The error code; or { value }: the call succeeds all the same. */
  readonly expected: string | { readonly value: unknown };
  /** The call takes its whole timeout, since only time can tell. */
  readonly takesTimeout?: true;
}

/** dev ino mode nlink uid gid rdev size blksize blocks atime mtime ctime, as a server sends a stat. */
export function statLine({ size = "10", mode = "33188", mtime = "1", links = "1" } = {}): string {
  return `1 2 ${mode} ${links} 0 0 0 ${size} 4096 8 1 ${mtime} 1`;
}

const huge = "4611686018427387904";
const stat = statLine();
const fileStat = { mode: 33188, size: 10, mtime: 1, ctime: 1, inode: 2, links: 1 };

const say =
  (bytes: string): Script =>
  (_, client) =>
    client.send(bytes);
const sayAndClose =
  (bytes: string): Script =>
  (_, client) => {
    client.send(bytes);
    client.close();
  };
const sayForEver =
  (first: string, bytes: string): Script =>
  (_, client) => {
    client.send(first);
    client.sendForEver(bytes);
  };
const silence: Script = () => {};

function lie(call: CallName, name: string, answer: Script, expected: Lie["expected"], takesTimeout?: true): Lie {
  return { name: `${call}: ${name}`, call, answer, expected, ...(takesTimeout ? { takesTimeout } : {}) };
}

/** Every call's first line is a number. */
const everyCall: CallName[] = [
  ...(["stat", "list", "getFile", "putFile", "open", "pread", "pwrite", "fstat", "close", "hash", "readlink"] as const),
  ...(["getAcl", "rename", "unlink", "whoami", "thirdput"] as const),
];

const firstLines: Lie[] = everyCall.flatMap((call) => [
  lie(call, "no number", say("garbage\n"), "EPROTO"),
  lie(call, "an unknown error", say("-9999\n"), "EREMOTEIO"),
  lie(call, '"unknown error", which libchirp takes for a lost connection', say("-127\n"), "EREMOTEIO"),
  lie(call, '"try again", which libchirp does until the timeout', say("-11\n"), "EAGAIN"),
  lie(call, "a line without an end", sayForEver("", "1"), "ECONNRESET"),
  lie(call, "the end of the connection", sayAndClose(""), "ECONNRESET"),
]);

const stats: Lie[] = [
  lie("stat", "nothing", silence, "ETIMEDOUT", true),
  lie("stat", "an empty line", say("\n"), "EPROTO"),
  lie("stat", "two numbers", say("0 0\n"), "EPROTO"),
  lie("stat", "a number beyond 64 bits below zero", say("-99999999999999999999\n"), "EREMOTEIO"),
  lie("stat", "twelve numbers", say(`0\n${stat.slice(0, -2)}\n`), "ECONNRESET"),
  lie("stat", "letters", say("0\na b c d e f g h i j k l m\n"), "ECONNRESET"),
  lie("stat", "a stat that is cut", sayAndClose(`0\n${stat}`), "ECONNRESET"),
  lie("stat", "a stat without an end", sayForEver("0\n", "1 "), "ECONNRESET"),
  lie("stat", "half a stat, then nothing", say("0\n1 2 3"), "ETIMEDOUT", true),
  lie("stat", "a negative size", say(`0\n${statLine({ size: "-1" })}\n`), "EPROTO"),
  lie("stat", "a mode of 64 bits", say(`0\n${statLine({ mode: huge })}\n`), "EPROTO"),
  lie("stat", "a negative number of links", say(`0\n${statLine({ links: "-1" })}\n`), "EPROTO"),
  lie("stat", "huge numbers", say(`0\n${statLine({ size: huge, mtime: `-${huge}` })}\n`), {
    value: { ...fileStat, size: Number.MAX_SAFE_INTEGER, mtime: -8_640_000_000_000 },
  }),
  lie("stat", "another answer behind it", say(`0\n${stat}\n0\n${statLine({ size: "777" })}\n`), { value: fileStat }),
  lie("open", "a negative size", say(`3\n${statLine({ size: "-1" })}\n`), "EPROTO"),
  lie("open", "letters for a stat", say("3\nx\n"), "ECONNRESET"),
  lie("fstat", "a negative size", say(`0\n${statLine({ size: "-1" })}\n`), "EPROTO"),
];

const contents: Lie[] = [
  lie("getFile", "2^62 bytes", sayForEver(`${huge}\n`, "x"), "ESTALE"),
  lie("getFile", "more bytes than fit into a number", sayForEver("99999999999999999999\n", "x"), "ESTALE"),
  lie("getFile", "another size", say("9\n123456789"), "ESTALE"),
  lie("getFile", "a size with letters", say("10x\n0123456789"), "EPROTO"),
  lie("getFile", "less than announced, then nothing", say("10\n01234"), "ETIMEDOUT", true),
  lie("getFile", "less than announced, then the end", sayAndClose("10\n01234"), "ECONNRESET"),
  lie("getFile", "more than announced", say("10\n01234567890\nstat\n"), { value: "0123456789" }),
  lie("putFile", "no space, after all", refuseData, "ENOSPC"),
  lie("putLargeFile", "does not read it", readNothing, "ETIMEDOUT", true),
  lie("pread", "one byte more than asked", say("17\n01234567890123456"), "EPROTO"),
  lie("pread", "2^62 bytes", sayForEver(`${huge}\n`, "x"), "EPROTO"),
  lie("pread", "less than announced, then the end", sayAndClose("16\n01234"), "ECONNRESET"),
  lie("pread", "less than announced, then nothing", say("16\n01234"), "ETIMEDOUT", true),
  lie("pread", "a byte at a time", say("1\nx"), { value: "x".repeat(16) }),
  lie("pread", "a byte at a time, slowly", dripping("1\nx"), "ETIMEDOUT", true),
  lie("pwrite", "nothing was written", say("0\n"), "EIO"),
  lie("pwrite", "more was written than sent", say("11\n"), "EPROTO"),
  lie("hash", "2^62 bytes", sayForEver(`${huge}\n`, "x"), "EPROTO"),
  lie("hash", "one byte more than any digest has", say(`129\n${"x".repeat(129)}`), "EPROTO"),
  lie("hash", "no digest", say("0\n"), "ECONNRESET"),
  lie("hash", "half a digest, then the end", sayAndClose("20\n0123456789"), "ECONNRESET"),
  lie("readlink", "more than a line", say(`5000\n${"x".repeat(5000)}`), "EPROTO"),
  lie("readlink", "a target that fills the buffer", say(`1024\n${"x".repeat(1024)}`), "ENAMETOOLONG"),
  lie("whoami", "2^62 bytes", sayForEver(`${huge}\n`, "x"), "EPROTO"),
  lie("getAcl", "lines without an end", sayForEver("0\n", "unix:alice rwlda\n"), "EFBIG"),
  lie("getAcl", "a line without an end", sayForEver("0\n", "x"), "ECONNRESET"),
  lie("getAcl", "a list that is cut", sayAndClose("0\nunix:alice rwlda\n"), "ECONNRESET"),
  lie("getAcl", "half a list, then nothing", say("0\nunix:alice rwlda\n"), "ETIMEDOUT", true),
  lie("rename", "nothing", silence, "ETIMEDOUT", true),
  lie("close", "nothing", silence, "ETIMEDOUT", true),
  lie("close", "no space for what was written", say("-6\n"), "EIO"),
];

const listing = (...names: string[]): Script => say(`0\n${names.map((name) => `${name}\n${stat}\n`).join("")}\n`);
const entries = (...names: string[]) => ({ value: names.map((name) => ({ name, stat: fileStat })) });

const listings: Lie[] = [
  lie("list", "names of its own and no others", listing(".", "..", ".__acl", ".__", "a"), entries("a")),
  lie("list", "a name with a slash", listing("a", "b/c"), "EPROTO"),
  lie("list", "a name that climbs", listing("../../etc/passwd"), "EPROTO"),
  lie("list", "a name that is a slash", listing("/"), "EPROTO"),
  lie("list", "a name that climbs behind a line break", listing("a\n../b"), "EPROTO"),
  lie("list", "a name with a NUL", listing("a\0b"), "EPROTO"),
  lie("list", "a climbing name behind a NUL", listing("..\0"), "EPROTO"),
  lie("list", "a stat with a slash", say("0\na\n1 2/3\n\n"), "EPROTO"),
  lie("list", "a stat for a name", listing(stat), "EIO"),
  lie("list", "twelve numbers", sayAndClose(`0\na\n${stat.slice(0, -2)}\n\n`), "ECONNRESET"),
  lie("list", "no stats at all", sayForEver("0\n", "name\n"), "EPROTO"),
  lie("list", "a negative size", say(`0\na\n${statLine({ size: "-1" })}\n\n`), "EPROTO"),
  lie("list", "huge numbers", say(`0\na\n${statLine({ size: huge, mtime: huge })}\n\n`), {
    value: [{ name: "a", stat: { ...fileStat, size: Number.MAX_SAFE_INTEGER, mtime: 8_640_000_000_000 } }],
  }),
  lie("list", "entries without an end", sayForEver("0\n", `name\n${stat}\n`), "EFBIG"),
  lie("list", "entries without an end, none of which counts", sayForEver("0\n", `.\n${stat}\n`), "ETIMEDOUT", true),
  lie("list", "a name without an end", sayForEver("0\n", "x"), "EPROTO"),
  lie("list", "line breaks without an end", sayForEver("0\n", "\n"), "EPROTO"),
  lie("list", "a name that is cut", sayAndClose(`0\na\n${stat}\nb`), "ECONNRESET"),
  lie("list", "an entry that is cut", sayAndClose(`0\na\n${stat}\nb\n`), "ECONNRESET"),
  lie("list", "no end, then nothing", say(`0\na\n${stat}\n`), "ETIMEDOUT", true),
  lie("list", "an answer behind it", say(`0\na\n${stat}\n\n0\n${statLine({ size: "777" })}\n`), "ETIMEDOUT", true),
];

export const lies: readonly Lie[] = [...firstLines, ...stats, ...contents, ...listings];

/** The answers that are not lies: the file of "pread" and its kin is opened, and "/honest" is what it is. */
export function truthfully(answer: Script): Script {
  return (line, client) => {
    if (line === "stat /honest") client.send(`0\n${statLine({ size: String(HONEST_SIZE) })}\n`);
    else if (line.startsWith("open /file ")) client.send(`3\n${stat}\n`);
    else {
      if (line.startsWith("pwrite ")) client.skip(FILE_SIZE);
      answer(line, client);
    }
  };
}

function refuseData(_: string, client: Client): void {
  client.skip(FILE_SIZE);
  client.send("0\n");
  client.send("-6\n");
}

function readNothing(_: string, client: Client): void {
  client.stopReading();
  client.send("0\n");
}

function dripping(bytes: string): Script {
  return (_, client) => void setTimeout(() => client.send(bytes), 300);
}
