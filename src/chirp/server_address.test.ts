import { expect, test } from "bun:test";
import { AddressError, hostPort, parseServerAddress } from "./server_address.ts";

test.each<[text: string, server: string, host: string, port: number]>([
  ["hostA", "hostA:9094", "hostA", 9094],
  ["host-a.example.org:80", "host-a.example.org:80", "host-a.example.org", 80],
  ["host_a.:1", "host_a.:1", "host_a.", 1],
  ["10.0.0.1", "10.0.0.1:9094", "10.0.0.1", 9094],
  ["10.0.0.1:65535", "10.0.0.1:65535", "10.0.0.1", 65535],
  ["host:00080", "host:80", "host", 80],
  ["[::1]", "[::1]:9094", "::1", 9094],
  ["[fe80::1]:99", "[fe80::1]:99", "fe80::1", 99],
])("%p is %p", (text, server, host, port) => {
  expect(parseServerAddress(text)).toEqual({ server, host, port });
});

test.each<[text: string, reason: RegExp]>([
  ["", /no host name/],
  [":9094", /no host name/],
  ["host:", /no port/],
  ["host:0", /1 to 65535/],
  ["host:65536", /1 to 65535/],
  ["host:http", /no port/],
  ["host:-1", /no port/],
  ["host:123456", /no port/],
  ["::1", /\[address\]:port/],
  ["[::1", /\[address\]:port/],
  ["[::1]9094", /\[address\]:port/],
  ["[10.0.0.1]:1", /no IPv6 address/],
  ["[]:1", /no IPv6 address/],
  ["10.0.0.256", /no host name/],
  ["10.0.1", /no host name/],
  ["-host", /no host name/],
  ["ho st", /no host name/],
  ["host/path", /no host name/],
  ["a..b", /no host name/],
  ["hôte", /no host name/],
  ["a".repeat(254), /no host name/],
])("%p is an error", (text, reason) => {
  expect(() => parseServerAddress(text)).toThrow(AddressError);
  expect(() => parseServerAddress(text)).toThrow(reason);
});

test.each([
  ["host", 1, "host:1"],
  ["::1", 80, "[::1]:80"],
])("hostPort(%p, %d)", (host, port, text) => expect(hostPort(host, port)).toBe(text));
