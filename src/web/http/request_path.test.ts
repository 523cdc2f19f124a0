import { describe, expect, test } from "bun:test";
import {
  climbingRoutes,
  directoryLocation,
  encodePath,
  encodeSegment,
  parseRequestPath,
  pathLimitUnder,
} from "./request_path.ts";

const limit = pathLimitUnder("/");
const segment255 = "a".repeat(255);

describe("parseRequestPath", () => {
  const paths: [url: string, path: string, trailingSlash: boolean, query: string][] = [
    ["http://h/", "/", true, ""],
    ["http://h:8080/a/b.html", "/a/b.html", false, ""],
    ["http://[::1]/a", "/a", false, ""],
    ["http://h", "/", true, ""],
    ["http://h?q=/a", "/", true, "?q=/a"],
    ["/a", "/a", false, ""],
    ["/a/", "/a", true, ""],
    ["/a//b", "/a/b", false, ""],
    ["http://h//evil/x", "/evil/x", false, ""],
    ["//evil/x", "/evil/x", false, ""],
    ["/a/./b", "/a/b", false, ""],
    ["/a/.", "/a", true, ""],
    ["/a/b/..", "/a", true, ""],
    ["/a/../b", "/b", false, ""],
    ["/a/%2e%2E/b", "/b", false, ""],
    ["/a/%2e/b", "/a/b", false, ""],
    ["/a%20b", "/a b", false, ""],
    ["/100%25.txt", "/100%.txt", false, ""],
    ["/%2541", "/%41", false, ""],
    ["/caf%C3%A9", "/caf\xc3\xa9", false, ""],
    ["/café", "/caf\xc3\xa9", false, ""],
    ["/%FF%fe", "/\xff\xfe", false, ""],
    ["/a%0ab%09c%1b", "/a\nb\tc\x1b", false, ""],
    ["/a\\b", "/a\\b", false, ""],
    ["/a%5C..%5Cb", "/a\\..\\b", false, ""],
    ["/a+b", "/a+b", false, ""],
    ["/a?", "/a", false, "?"],
    ["/a/?x=%zz&y=../..", "/a", true, "?x=%zz&y=../.."],
    ["/a?b?c/d", "/a", false, "?b?c/d"],
    ["/a%3Fb", "/a?b", false, ""],
    ["/a%23b", "/a#b", false, ""],
    ["/.well-known/security.txt", "/.well-known/security.txt", false, ""],
    ["/a...", "/a...", false, ""],
    ["/a/b..c/", "/a/b..c", true, ""],
    [`/${segment255}`, `/${segment255}`, false, ""],
  ];
  test.each(paths)("%j is a path", (url, path, trailingSlash, query) => {
    expect(parseRequestPath(url, limit)).toEqual({ kind: "path", path, trailingSlash, query });
  });

  const bad = [
    "/%00",
    "/a%00.html",
    "/a\0b",
    "/%",
    "/%2",
    "/%zz",
    "/%2 ",
    "/a%",
    "/%u0041",
    "/%+1",
    "/..",
    "/../etc/passwd",
  ];
  bad.push(
    "/%2e%2e/x",
    "/a/../../b",
    "/a//../../b",
    "/a#b",
    "/a?b#c",
    "h:80",
    "*",
    "",
    "a/b",
    "/%2f%00",
    "/a/.%2E/.%2e",
  );
  test.each(bad)("%j is bad", (url) => {
    expect(parseRequestPath(url, limit)).toEqual({ kind: "bad" });
  });

  const notFound = [
    "/a%2Fb",
    "/a%2fb",
    "/..%2f..%2fetc",
    "/.git/config",
    "/a/.htaccess",
    "/.__acl",
    "/a/.__acl",
    "/%2e__acl",
  ];
  notFound.push("/.well-known2", "/...", "/..a", `/${segment255}a`, `/${"%20".repeat(256)}`, "/a/.__chirpsync/x");
  test.each(notFound)("%j is not found", (url) => {
    expect(parseRequestPath(url, limit)).toEqual({ kind: "notFound" });
  });

  test("a path that fills the request line passes, one byte more does not", () => {
    const name = "/abcdefghi"; // ten bytes
    const fitting = name.repeat(Math.floor(limit / 10)) + "/".padEnd(limit % 10, "x").slice(0, limit % 10);
    expect(parseRequestPath(fitting, limit).kind).toBe("path");
    expect(fitting.length).toBe(limit);
    expect(parseRequestPath(`${fitting}x`, limit).kind).toBe("notFound");
  });

  test("a small limit holds for plain paths", () => {
    expect(parseRequestPath("/abc", 4).kind).toBe("path");
    expect(parseRequestPath("/abcd", 4).kind).toBe("notFound");
  });

  test("escaped bytes count three times, and the root counts", () => {
    const path = `/${"%20".repeat(250)}/${"%25".repeat(60)}`; // 2 + 3 · 310 = 932 bytes on the wire
    expect(parseRequestPath(path, pathLimitUnder("/")).kind).toBe("path");
    expect(parseRequestPath(path, pathLimitUnder(`/${"r".repeat(40)}`)).kind).toBe("notFound");
    expect(parseRequestPath(path, pathLimitUnder(`/${" ".repeat(10)}`)).kind).toBe("notFound");
    expect(parseRequestPath(path, pathLimitUnder(`/${"r".repeat(10)}`)).kind).toBe("path");
  });
});

test.each([
  ["/a b", "/a%20b"],
  ["/caf\xc3\xa9", "/caf%C3%A9"],
  ["//evil/x", "/evil/x"],
  ["///", "/"],
  ["/a\r\nSet-Cookie: x", "/a%0D%0ASet-Cookie%3A%20x"],
  ["/a?b#c%d", "/a%3Fb%23c%25d"],
  ["/<\"'>", "/%3C%22%27%3E"],
  ["/a\\b\x7f\xff", "/a%5Cb%7F%FF"],
  ["/\\evil", "/%5Cevil"],
])("encodePath(%j) is %j", (path, encoded) => {
  expect(encodePath(path)).toBe(encoded);
});

test("every byte but the slash survives encodePath and parseRequestPath, dots aside", () => {
  for (let byte = 1; byte < 256; byte++) {
    const name = `x${String.fromCharCode(byte)}`;
    if (byte === 47) continue;
    expect(parseRequestPath(encodePath(`/${name}`), limit)).toMatchObject({ kind: "path", path: `/${name}` });
    expect(parseRequestPath(`/${encodeSegment(name)}`, limit)).toMatchObject({ kind: "path", path: `/${name}` });
  }
});

test.each([
  ["a:b", "a%3Ab"],
  ["a/b", "a%2Fb"],
  ["javascript:alert(1)", "javascript%3Aalert(1)"],
])("encodeSegment(%j) is %j", (name, encoded) => {
  expect(encodeSegment(name)).toBe(encoded);
});

test.each([
  ["/dir", "", "/dir/"],
  ["/a b/caf\xc3\xa9", "?x=1&y=%zz", "/a%20b/caf%C3%A9/?x=1&y=%zz"],
  ["//evil", "?a", "/evil/?a"],
  ["/d", "?a\r\nSet-Cookie: é", "/d/?a%0D%0ASet-Cookie:%20%C3%A9"],
])("directoryLocation(%j, %j) is %s", (path, query, location) => {
  expect(directoryLocation(path, query)).toBe(location);
});

test("climbingRoutes are all ways to write .. in front", () => {
  const dots = ["..", ".%2e", ".%2E", "%2e.", "%2E.", "%2e%2e", "%2e%2E", "%2E%2e", "%2E%2E"];
  expect([...climbingRoutes].sort()).toEqual(dots.flatMap((each) => [`/${each}`, `/${each}/*`]).sort());
});
