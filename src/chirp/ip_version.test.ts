import { expect, test } from "bun:test";
import { isIP } from "node:net";
import { ipVersion } from "./ip_version.ts";

test.each([
  ["127.0.0.1", 4],
  ["0.0.0.0", 4],
  ["255.255.255.255", 4],
  ["256.0.0.1", 0],
  ["1.2.3", 0],
  ["1.2.3.4.5", 0],
  ["1.2.3.", 0],
  ["1.2.3.4.", 0],
  ["01.2.3.4", 0],
  ["1.2.3.4 ", 0],
  ["1.2.3.4\n", 0],
  ["localhost", 0],
  ["", 0],
  ["::1", 6],
  ["::ffff:1.2.3.4", 6],
  ["fe80::1%eth0", 6],
  [":", 0],
  ["1::2::3", 0],
] as const)("%j is %d, as for node:net", (text, version) => {
  expect(ipVersion(text)).toBe(version);
  expect(isIP(text)).toBe(version);
});
