import { expect, test } from "bun:test";
import { createPathMemo } from "./path_memo.ts";
import { parseRequestPath } from "./request_path.ts";

const LIMIT = 900;

test.each(["http://h/a/b.html?q=1", "http://h/%zz", "http://h/.git", "http://h/a/", `http://h/${"x".repeat(600)}`])(
  "%p is parsed as parseRequestPath does, the first time and later",
  (url) => {
    const parse = createPathMemo(LIMIT);
    expect(parse(url)).toEqual(parseRequestPath(url, LIMIT));
    expect(parse(url)).toEqual(parseRequestPath(url, LIMIT));
  },
);

test("a URL is parsed once, as long as there is room", () => {
  const parse = createPathMemo(LIMIT, 2);
  const first = parse("http://h/a");
  expect(parse("http://h/a")).toBe(first);
  parse("http://h/b");
  expect(parse("http://h/a")).toBe(first);
  parse("http://h/c");
  expect(parse("http://h/a")).not.toBe(first);
});

test("a long URL is not kept", () => {
  const parse = createPathMemo(LIMIT);
  const url = `http://h/${"x/".repeat(300)}`;
  expect(parse(url)).not.toBe(parse(url));
});
