import { describe, expect, test } from "bun:test";
import { type Blame, blameOf, ChirpError, codeOfErrno, displayName, type ErrorCode } from "./errors.ts";

test.each<[errno: number, code: ErrorCode, blame: Blame]>([
  [2, "ENOENT", "path"],
  [13, "EACCES", "path"],
  [24, "EMFILE", "server"],
  [103, "ECONNABORTED", "ours"],
  [104, "ECONNRESET", "server"],
  [105, "ENOBUFS", "ours"],
  [110, "ETIMEDOUT", "server"],
  [111, "ECONNREFUSED", "server"],
  [116, "ESTALE", "version"],
  // The server's "unknown error", such as a loop of symbolic links: never the server's fault.
  [121, "EREMOTEIO", "path"],
  [129, "EKEYREJECTED", "server"],
])("errno %d is %s and accuses: %s", (errno, code, blame) => {
  expect(codeOfErrno(errno)).toEqual({ code });
  expect(blameOf(code)).toBe(blame);
});

test("an errno that is not in the table is told as a number", () => {
  expect(codeOfErrno(9_999)).toEqual({ code: "EIO", detail: "errno 9999" });
});

describe("a ChirpError", () => {
  const failure = { code: "ENOENT", operation: "open", path: "/caf\u00c3\u00a9\n", server: "host:9094" } as const;

  test("says what could not be done, to what, where and why", () => {
    expect(new ChirpError(failure).message).toBe(
      'Cannot open "/café\\x0a" on host:9094: no such file or directory (ENOENT)',
    );
    expect(new ChirpError({ ...failure, path: "", detail: "more" }).message).toBe(
      "Cannot open on host:9094: no such file or directory (ENOENT): more",
    );
  });

  test.each([failure, { ...failure, detail: "more" }])("survives a thread: %j", (sent) => {
    const copy = new ChirpError(structuredClone(new ChirpError(sent).toFailure()));
    expect(copy.toFailure()).toEqual(sent);
    expect(copy.blame).toBe("path");
  });
});

test.each<[bytes: string, text: string]>([
  ["plain", "plain"],
  ["caf\u00c3\u00a9", "café"],
  ["caf\u00e9", "caf\\xe9"],
  ["\u00ff\u00fe", "\\xff\\xfe"],
  ["a\nb\t\u007f\u001b[31m", "a\\x0ab\\x09\\x7f\\x1b[31m"],
  ["back\\slash", "back\\\\slash"],
  // What looks like an escape of ours cannot be taken for one.
  ["\\x0a", "\\\\x0a"],
  // U+202E turns the text around, U+0085 and U+2028 end lines, U+009B begins terminal commands.
  ["a\u00e2\u0080\u00aeb", "a\\xe2\\x80\\xaeb"],
  ["a\u00c2\u0085b", "a\\xc2\\x85b"],
  ["a\u00e2\u0080\u00a8b", "a\\xe2\\x80\\xa8b"],
  ["a\u00c2\u009bb", "a\\xc2\\x9bb"],
  // A surrogate in UTF-8 is no UTF-8.
  ["\u00ed\u00a0\u0080", "\\xed\\xa0\\x80"],
])("displayName(%j) is %j", (bytes, text) => expect(displayName(bytes)).toBe(text));
