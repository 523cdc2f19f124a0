import { expect, test } from "bun:test";
import { clientAddress, networkOf } from "./client_address.ts";

const trusted = new Set(["10.0.0.1", "10.0.0.2", "::1"]);

test.each([
  ["1.2.3.4", null, "1.2.3.4"],
  ["::ffff:1.2.3.4", null, "1.2.3.4"],
  ["1.2.3.4", "6.6.6.6", "1.2.3.4"],
  ["10.0.0.1", null, "10.0.0.1"],
  ["10.0.0.1", "1.2.3.4", "1.2.3.4"],
  ["::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"],
  ["10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"],
  ["10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"],
  ["::1", "2001:db8::7", "2001:db8::7"],
  // All of them ours, or nothing that is an address: the last one that is believed.
  ["10.0.0.1", "10.0.0.2", "10.0.0.2"],
  ["10.0.0.1", "", "10.0.0.1"],
  ["10.0.0.1", "1.2.3.4, <script>", "10.0.0.1"],
  ["10.0.0.1", "1.2.3.4, unknown", "10.0.0.1"],
] as const)("%s, X-Forwarded-For %p → %s", (peer, forwardedFor, client) => {
  expect(clientAddress(peer, forwardedFor, trusted)).toBe(client);
});

test("nobody is trusted unless told", () => {
  expect(clientAddress("127.0.0.1", "1.2.3.4", new Set())).toBe("127.0.0.1");
});

test.each([
  ["1.2.3.4", "1.2.3.4"],
  ["", ""],
  ["2001:db8:1:2:a:b:c:d", "2001:db8:1:2"],
  ["2001:db8:1:2::1", "2001:db8:1:2"],
  ["2001:DB8:01:2::", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
] as const)("the network of %s is %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
