import { expect, test } from "bun:test";
import { parseServersFile, ServersFileError } from "./servers_file.ts";

const servers = (text: string) => parseServersFile(text, "servers.txt").map(({ server }) => server);

test.each<[text: string, servers: readonly string[]]>([
  ["hostA", ["hostA:9094"]],
  ["hostA\nhostB:1\n", ["hostA:9094", "hostB:1"]],
  ["\n  hostA:1 \t\r\n\r\n# comment\nhostB:2# its reason\n   # more\n", ["hostA:1", "hostB:2"]],
  ["[::1]:3", ["[::1]:3"]],
  ["hostA:1\nhostA:2", ["hostA:1", "hostA:2"]],
])("%j", (text, expected) => {
  expect(servers(text)).toEqual([...expected]);
});

test.each<[text: string, message: string]>([
  ["", "servers.txt: no servers: write at least one line host:port"],
  ["# nothing\n\n", "servers.txt: no servers: write at least one line host:port"],
  ["hostA\nhost b", 'servers.txt:2: "host b" is no host name'],
  ["\n\nhostA:x", 'servers.txt:3: "x" is no port: it must be a number from 1 to 65535'],
  ["hostA\n# same\nhostA:9094", "servers.txt:3: hostA:9094 stands in line 1 already"],
  ["HOSTA:1\nhosta:1", "servers.txt:2: hosta:1 stands in line 1 already"],
  ["::1", 'servers.txt:1: "::1" is no server: write host:port, or [address]:port for an IPv6 address'],
])("%j is refused", (text, message) => {
  expect(() => servers(text)).toThrow(new ServersFileError(message));
});

test("a list that is too long is a mistake", () => {
  const lines = (count: number) => Array.from({ length: count }, (_, n) => `host${n}`).join("\n");
  expect(servers(lines(10_000)).length).toBe(10_000);
  expect(() => servers(lines(10_001))).toThrow("more than 10000");
});
