import { describe, expect, test } from "bun:test";
import { ChirpError } from "../errors.ts";
import { createHostResolver, resolveHost, type HostAddress } from "./resolve_host.ts";

const v4: HostAddress = { address: "10.0.0.1", family: 4 };
const v6: HostAddress = { address: "fd00::1", family: 6 };
const found = (...addresses: HostAddress[]) => Promise.resolve(addresses);
const unknown = () => Promise.reject(new Error("no such name"));
const silent = () => new Promise<HostAddress[]>(() => undefined);

describe("an address", () => {
  test.each(["127.0.0.1", "::1"])("%p needs no look-up", async (address) => {
    expect(await resolveHost("s", address)).toBe(address);
  });

  test("of this machine's own name is found", async () => {
    expect(await resolveHost("s", "localhost")).toBe("127.0.0.1");
  });

  test("of a name that is not there is ENOTFOUND, and names the server", async () => {
    const error: unknown = await resolveHost("no-such-host.invalid:1", "no-such-host.invalid").catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ChirpError);
    expect(error).toMatchObject({ code: "ENOTFOUND", server: "no-such-host.invalid:1", blame: "server" });
  });
});

test.each([
  ["IPv4 first, since Chirp servers listen there", () => found(v6, v4), unknown, v4.address],
  ["IPv6 where there is nothing else", () => found(v6), unknown, v6.address],
  ["what only the system knows", unknown, () => found(v4), v4.address],
])("%s", async (_, withoutThread, bySystem, address) => {
  expect(await createHostResolver({ withoutThread, bySystem })("s", "name")).toBe(address);
});

test("a name server that does not answer is waited for so long", async () => {
  const resolve = createHostResolver({ withoutThread: silent, bySystem: silent }, 20);
  await expect(resolve("s:1", "name")).rejects.toMatchObject({ code: "ENOTFOUND", detail: "name lookup timed out" });
});

test("the system, which blocks a thread, is never asked for two names at a time", async () => {
  let asked = 0;
  const hanging = Promise.withResolvers<HostAddress[]>();
  const bySystem = () => {
    asked++;
    return hanging.promise;
  };
  const resolve = createHostResolver({ withoutThread: unknown, bySystem });
  const first = resolve("s:1", "name1");
  const others = Array.from({ length: 100 }, (_, index) =>
    resolve("s:1", `other${index}`).catch(({ code }: ChirpError) => code),
  );
  expect(new Set(await Promise.all(others))).toEqual(new Set(["ENOTFOUND"]));
  expect(asked).toBe(1);
  hanging.resolve([v4]);
  expect(await first).toBe(v4.address);
  await resolve("s:1", "name2");
  expect(asked).toBe(2);
});
