/** How many connections a server is given: each is a process there, with 16 MiB that it clears for every call. */
import { expect, test } from "bun:test";
import { isOwnAddress } from "../../src/chirp/own_address.ts";
import { startFaultProxy } from "../helpers/fault_proxy.ts";
import { plantSite, startServers } from "./servers.ts";
import { runProgram } from "./sync_run.ts";

test("servers on this machine are given as many as it has cores, all together, and one each at least", async () => {
  await using servers = await startServers();
  const { source, first, second } = servers;
  plantSite(source, 400, 20);
  const all = [source, first, second];
  const enough = Math.max(1, Math.floor(navigator.hardwareConcurrency / 3)) + 1;
  let fewest = Infinity;
  // A machine that is so busy that a short call takes half a second, or none less than 2 ms, looks like others: not three times in a row.
  for (let attempt = 0; attempt < 3 && fewest > enough; attempt++) {
    await Promise.all(all.map((server) => server.forgetRpcs()));
    const copy = `/copy${attempt}`;
    const words = ["-q", "-r", source.host, "/site", first.host, copy, second.host, copy];
    expect((await runProgram(words)).exitCode).toBe(0);
    const counts = await Promise.all(all.map((server) => server.countConnections()));
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
    fewest = Math.min(fewest, Math.max(...counts));
  }
  expect(fewest).toBeLessThanOrEqual(enough);
}, 60_000);

test("one that is reached at an address of this machine, and is far behind it, is given the usual number", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  plantSite(source, 200, 10);
  await using tunnel = await startFaultProxy(first.port);
  await tunnel.set({ kind: "delay", ms: 4 });
  expect((await runProgram(["-q", "-r", source.host, "/site", tunnel.host, "/copy"])).exitCode).toBe(0);
  expect(await first.countConnections()).toBeGreaterThanOrEqual(4);
}, 60_000);

test.each([
  ["127.0.0.1", true],
  ["127.7.7.7", true],
  ["::1", true],
  ["192.0.2.1", false],
  ["2001:db8::1", false],
  ["128.0.0.1", false],
])("%s is on this machine: %p", (address, isOwn) => {
  expect(isOwnAddress(address)).toBe(isOwn);
});
