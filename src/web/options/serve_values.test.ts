import { describe, expect, test } from "bun:test";
import { UsageError } from "../../cli/arguments.ts";
import { parseAddress, parseCacheControlRule, parseErrorPage, parseListenAddress, parseRoot } from "./serve_values.ts";

/** What each text gives; null: it is refused, with a message that names option and text. */
function check(parse: (text: string, option: string) => unknown, table: readonly (readonly [string, unknown])[]): void {
  test.each(table)("%j → %j", (text, value) => {
    if (value !== null) {
      expect(parse(text, "--option")).toEqual(value);
      return;
    }
    const run = () => parse(text, "--option");
    expect(run).toThrow(UsageError);
    expect(run).toThrow(/^--option "/);
  });
}

describe("parseListenAddress", () =>
  check(parseListenAddress, [
    ["127.0.0.1:8081", { host: "127.0.0.1", port: 8081 }],
    ["localhost:0", { host: "localhost", port: 0 }],
    ["[::1]:8081", { host: "::1", port: 8081 }],
    ["8081", null],
    [":8081", null],
    ["::1:8081", null],
    ["127.0.0.1:", null],
    ["127.0.0.1:65536", null],
  ]));

describe("parseRoot", () =>
  check(parseRoot, [
    ["/", "/"],
    ["/a//b/./", "/a/b"],
    ["/café", "/caf\xc3\xa9"],
    ["", null],
    ["www", null],
    ["/a/../b", null],
    ["/a\0", null],
  ]));

describe("parseAddress", () =>
  check(parseAddress, [
    ["10.0.0.1", "10.0.0.1"],
    ["2001:DB8::1", "2001:db8::1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["proxy", null],
    ["10.0.0.1:80", null],
  ]));

describe("parseErrorPage", () =>
  check(parseErrorPage, [
    ["404=/404.html", { status: 404, path: "/404.html" }],
    ["503=/é=1.html", { status: 503, path: "/\xc3\xa9=1.html" }],
    ["404", null],
    ["404=404.html", null],
    ["418=/x.html", null],
    ["=/x.html", null],
  ]));

describe("parseCacheControlRule", () => {
  test("gives a rule", () => {
    const { value, matches } = parseCacheControlRule("*.css=max-age=60", "--option");
    expect([value, matches("/a/b.css"), matches("/a/b.js")]).toEqual(["max-age=60", true, false]);
  });
  check(parseCacheControlRule, [
    ["*.css", null],
    ["=no-cache", null],
    ["*=a\nb", null],
  ]);
});
