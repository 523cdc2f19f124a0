/** Names are bytes: what the protocol can carry arrives as it is, the rest is reported and nothing is lost. */
import { expect, test } from "bun:test";
import { diskTree, startServers } from "./servers.ts";
import { describeTree, sync, writingRpcs } from "./sync_run.ts";

test("every byte but the slash, 255 bytes, NFC and NFD twins", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  for (let byte = 1; byte < 256; byte++) {
    if (byte === 0x2f) continue;
    source.plant(Buffer.from([...Buffer.from("/site/x"), byte, 0x79]), `${byte}`, { mtime: byte });
    if (byte !== 0x0a && byte !== 0x2e) {
      source.plant(Buffer.from([...Buffer.from("/site/single/"), byte]), `${byte}`, { mtime: byte });
    }
  }
  for (const name of ["n".repeat(255), "é".normalize("NFC"), "é".normalize("NFD"), "-rf", "*", "a b  c", "%41", "A"]) {
    source.plant(`/site/${name}`, name, { mtime: 9 });
  }
  const words = [source.host, "/site", first.host, "/copy"];
  const { report, events } = await sync(words);
  expect(events.filter(({ kind }) => kind === "failure")).toEqual([]);
  expect(report.exitCode).toBe(0);
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  await first.forgetRpcs();
  const again = await sync(words, { delete: true });
  expect(again.report.targets[0]?.counts.unchanged).toBe(254 + 252 + 8);
  expect(writingRpcs(await first.countRpcs())).toEqual([]);
}, 60_000);

test("paths at the protocol's limit: carried, or reported and counted; the others arrive", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  let directory = "/site";
  for (let depth = 0; depth < 4; depth++) directory += `/${"d".repeat(225)}`;
  source.plant(`${directory}/short`, "carried", { mtime: 1 });
  source.plant(`${directory}/${"f".repeat(150)}`, "too long", { mtime: 1 });
  source.plant("/site/z", "after", { mtime: 1 });
  const words = [source.host, "/site", first.host, "/copy"];
  const { report, events } = await sync(words);
  const failures = events.filter(({ kind }) => kind === "failure");
  expect(await Bun.file(diskTree(first, "/copy/z")).text()).toBe("after");
  expect(await Bun.file(`${diskTree(first, directory.replace("/site", "/copy"))}/short`).text()).toBe("carried");
  expect(report.exitCode).toBe(23);
  expect(failures).toHaveLength(1);
  expect(report.targets[0]?.counts.failed).toBe(1);
  const again = await sync(words, { delete: true, ignoreErrors: true });
  expect(again.report.targets[0]?.counts.deleted).toBe(0);
}, 60_000);

test("a name too long for the place where a new directory is staged costs that file, not the directory", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  // A blank is three bytes on the wire.
  for (const name of ["a", "b", "below/x", " ".repeat(255)]) source.plant(`/site/d/${name}`, name, { mtime: 1 });
  const root = `/${"r".repeat(200)}/${"r".repeat(200)}`;
  first.plantDirectory(root);
  const { report, events } = await sync([source.host, "/site", first.host, root]);
  expect(events.filter(({ kind }) => kind === "failure")).toMatchObject([{ action: "copy", code: "ENAMETOOLONG" }]);
  expect(report.targets[0]?.counts).toMatchObject({ copied: 3, failed: 1 });
  for (const name of ["a", "b", "below/x"])
    expect(await Bun.file(diskTree(first, `${root}/d/${name}`)).text()).toBe(name);
}, 60_000);
