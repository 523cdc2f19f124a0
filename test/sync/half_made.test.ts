/** A Chirp server makes a directory and its access list in two steps: killed in between, or full, it leaves one that denies everybody everything. */
import { chownSync, existsSync, mkdirSync, rmdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Operation } from "../../src/protocol.ts";
import { type Connections, createConnections } from "../../src/sync/store/connections.ts";
import type { TestServer } from "../helpers/cluster.ts";
import { startTripwire } from "../helpers/tripwire_proxy.ts";
import { diskTree, startServers } from "./servers.ts";
import { connectionOptions, describeTree, sync, writingRpcs } from "./sync_run.ts";

setDefaultTimeout(60_000);

/** A directory without an access list, or with one that there was no room for, owned by whom the server runs as. */
function halfMake(server: TestServer, path: string, how: "killed" | "full" = "killed"): void {
  const directory = server.diskPath(path);
  mkdirSync(directory);
  if (how === "full") writeFileSync(server.diskPath(`${path}/.__acl`), "");
  const { uid, gid } = statSync(server.diskPath("/"));
  chownSync(directory, uid, gid);
}

const exists = (server: TestServer, path: string) => existsSync(server.diskPath(path));

const places: readonly (readonly [where: string, directories: readonly string[], path: string])[] = [
  ["in staging", ["/copy/.__chirpsync"], "/copy/.__chirpsync/abcdef0"],
  ["the place of staging", [], "/copy/.__chirpsync"],
  ["in the tree", [], "/copy/d"],
  ["deeper", ["/copy/d"], "/copy/d/e"],
  ["the top", [], "/copy"],
];

const cases = (["killed", "full"] as const).flatMap((how) => places.map((place) => [how, ...place] as const));

test.each(cases)("%s, %s: the next run is complete", async (how, _, directories, path) => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/d/e/f", "1", { mtime: 1 });
  source.plant("/site/d/e/g", "2", { mtime: 1 });
  if (path !== "/copy") first.plantDirectory("/copy");
  for (const directory of directories) first.plantDirectory(directory);
  halfMake(first, path, how);
  // Long ago, so that whoever makes a directory anew has to set its time and its parent's.
  for (const directory of ["/site/d/e", "/site/d", "/site"]) utimesSync(source.diskPath(directory), 7, 7);
  if (path === "/copy/d/e") utimesSync(first.diskPath("/copy/d"), 7, 7);
  const { report, events } = await sync([source.host, "/site", first.host, "/copy"]);
  expect({ exitCode: report.exitCode, failures: events.filter(({ kind }) => kind === "failure") }).toEqual({
    exitCode: 0,
    failures: [],
  });
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
  expect(exists(first, "/copy/.__chirpsync")).toBe(false);
});

test("one that has an access list, or something in it, is left alone and reported", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  for (const name of ["denied", "filled"]) source.plant(`/site/${name}/f`, "1", { mtime: 1 });
  first.plantDirectory("/copy/denied", { acl: ["hostname:nobody r"] });
  halfMake(first, "/copy/filled");
  writeFileSync(first.diskPath("/copy/filled/own"), "own");
  const { report, events } = await sync([source.host, "/site", first.host, "/copy"]);
  expect(report.exitCode).toBe(23);
  const paths = events.flatMap((event) => (event.kind === "failure" ? [event.path] : []));
  expect(paths.sort()).toEqual(["/copy/denied", "/copy/filled"]);
  expect(exists(first, "/copy/denied")).toBe(true);
  expect(exists(first, "/copy/filled/own")).toBe(true);
});

test("a dry run writes nothing", async () => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/d/f", "1", { mtime: 1 });
  first.plantDirectory("/copy");
  halfMake(first, "/copy/d");
  const before = await first.countRpcs();
  const { report } = await sync([source.host, "/site", first.host, "/copy"], { dryRun: true });
  expect(report.exitCode).toBe(23);
  expect([writingRpcs(before), writingRpcs(await first.countRpcs())]).toEqual([[], []]);
  expect(exists(first, "/copy/d")).toBe(true);
});

test.each(["/copy/d", "/copy"])("%s, removed by another run at the same moment: the run is complete", async (path) => {
  await using servers = await startServers();
  const { source, first } = servers;
  source.plant("/site/d/f", "1", { mtime: 1 });
  if (path !== "/copy") first.plantDirectory("/copy");
  halfMake(first, path);
  const others: string[] = [];
  const stores = watched((operation) => {
    if (operation.kind !== "rmdir" || operation.path !== path || others.length > 0) return;
    rmdirSync(first.diskPath(path));
    others.push(path);
  });
  const { report, events } = await sync([source.host, "/site", first.host, "/copy"], {}, undefined, stores);
  await stores.close();
  expect({ exitCode: report.exitCode, others, failures: events.filter(({ kind }) => kind === "failure") }).toEqual({
    exitCode: 0,
    others: [path],
    failures: [],
  });
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
});

test.each(["rmdir", "mkdir"])("an answer to %s that is lost while one is made anew is no failure", async (command) => {
  await using servers = await startServers();
  const { source, first } = servers;
  await using wire = await startTripwire(first.port);
  source.plant("/site/d/f", "1", { mtime: 1 });
  first.plantDirectory("/copy");
  halfMake(first, "/copy/d");
  void wire.arm({ on: "answer", names: [command], line: /copy\/d( |$)/, nth: 1, bytes: 1 }, () => "isLost");
  const { report, events } = await sync([source.host, "/site", `127.0.0.1:${wire.port}`, "/copy"]);
  expect(wire.hasTripped).toBe(true);
  expect([report.exitCode, events.filter(({ kind }) => kind === "failure")]).toEqual([0, []]);
  expect(describeTree(diskTree(first, "/copy"))).toEqual(describeTree(diskTree(source, "/site")));
});

/** Connections of a run's own; `before` is told of every operation, just before it is sent. */
function watched(before: (operation: Operation) => void): Connections {
  const connections = createConnections(connectionOptions);
  return {
    store(endpoint) {
      const store = connections.store(endpoint);
      return {
        server: store.server,
        get rpcs() {
          return store.rpcs;
        },
        call(operation, options) {
          before(operation);
          return store.call(operation, options);
        },
        close: (graceMs) => store.close(graceMs),
      };
    },
    close: () => connections.close(),
  };
}
