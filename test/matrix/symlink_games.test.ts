/** Symbolic links laid out by somebody who may write on a target, or at the source: nothing outside of the target changes. */
import { expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { startCluster, type TestServer } from "../helpers/cluster.ts";
import { run } from "../helpers/run.ts";
import { startWebServer } from "../helpers/web_server.ts";

setDefaultTimeout(60_000);

const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");
const mtime = 1_600_000_000;

async function synchronise(...words: string[]): Promise<{ exitCode: number; stderr: string }> {
  return await run([process.execPath, program, "-r", "--settle", "0", "--retries", "0", ...words]);
}

/** A source with a file, and one in a directory; and a victim beside the target. */
function plant(source: TestServer, target: TestServer): void {
  source.plant("/site/page.html", "new page", { mtime });
  source.plant("/site/below/file.html", "new file", { mtime });
  target.plantDirectory("/copy");
  target.plant("/victim/page.html", "the victim's", { mtime: 1 });
  target.plant("/victim/file.html", "the victim's", { mtime: 1 });
}

/** A link on the server's disk to another place there: a relative one, since the server follows these and no others. */
function link(server: TestServer, path: string, to: string): void {
  const disk = server.diskPath(path).toString();
  const target = server.diskPath(to).toString();
  symlinkSync(relative(dirname(disk), target), disk);
  expect(realpathSync(disk)).toBe(target);
}

function expectVictimUntouched(server: TestServer): void {
  const directory = server.diskPath("/victim").toString();
  const found = readdirSync(directory)
    .filter((name) => name !== ".__acl")
    .toSorted()
    .map((name) => [name, readFileSync(join(directory, name), "utf8"), lstatSync(join(directory, name)).mtimeMs]);
  expect(found).toEqual([
    ["file.html", "the victim's", 1000],
    ["page.html", "the victim's", 1000],
  ]);
}

test.each<[string, string, string]>([
  ["the staging place", "/copy/.__chirpsync", "/victim"],
  ["a directory", "/copy/below", "/victim"],
  ["a file", "/copy/page.html", "/victim/page.html"],
  ["a directory that is to be deleted", "/copy/extraneous", "/victim"],
])("on the target, %s is a link to elsewhere", async (_, path, to) => {
  await using cluster = await startCluster({ servers: 2 });
  const [source, target] = cluster.servers;
  plant(source, target!);
  for (const more of [[], ["--delete", "--force", "--checksum", "--perms", "--acls"]]) {
    rmSync(target!.diskPath("/copy").toString(), { recursive: true });
    target!.plantDirectory("/copy");
    link(target!, path, to);
    const { exitCode } = await synchronise(...more, source.host, "/site", target!.host, "/copy");
    expect([0, 5, 11, 23, 25]).toContain(exitCode);
    expectVictimUntouched(target!);
  }
});

test("the lock's place is a link to elsewhere", async () => {
  await using cluster = await startCluster({ servers: 2 });
  const [source, target] = cluster.servers;
  plant(source, target!);
  target!.plantDirectory("/copy/.__chirpsync");
  link(target!, "/copy/.__chirpsync/lock", "/victim");
  await synchronise(source.host, "/site", target!.host, "/copy");
  expectVictimUntouched(target!);
});

test("a source that has a link now and a directory of that name later leads nobody out of a local target", async () => {
  await using cluster = await startCluster({ servers: 1 });
  const [source] = cluster.servers;
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-links-"));
  try {
    const target = join(directory, "target");
    const victim = join(directory, "victim");
    for (const each of [target, victim]) mkdirSync(each);
    writeFileSync(join(victim, "kept"), "kept");
    source.plant("/site/page.html", "page", { mtime });
    symlinkSync("../victim", source.diskPath("/site/way").toString());
    expect((await synchronise(source.host, "/site", "local", target)).exitCode).toBe(0);
    rmSync(source.diskPath("/site/way").toString());
    source.plant("/site/way/kept", "changed by the source", { mtime });
    source.plant("/site/way/added", "added by the source", { mtime });
    for (const more of [[], ["--delete", "--force"]]) {
      await synchronise(...more, source.host, "/site", "local", target);
      expect(readdirSync(victim)).toEqual(["kept"]);
      expect(readFileSync(join(victim, "kept"), "utf8")).toBe("kept");
    }
    expect(existsSync(join(directory, "added"))).toBe(false);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("a link on a server's disk that leads out of what it serves shows nothing to visitors", async () => {
  await using cluster = await startCluster({ servers: 1 });
  const [server] = cluster.servers;
  writeFileSync(join(cluster.directory, "outside.txt"), "OUTSIDE");
  server.plant("/site/index.html", "inside");
  symlinkSync(join(cluster.directory, "outside.txt"), server.diskPath("/site/absolute.txt").toString());
  symlinkSync("../../../outside.txt", server.diskPath("/site/relative.txt").toString());
  symlinkSync(cluster.directory, server.diskPath("/site/directory").toString());
  await using web = await startWebServer(["--servers", cluster.serversFile, "--root", "/site", "--autoindex"]);
  for (const path of ["/absolute.txt", "/relative.txt", "/directory/outside.txt", "/directory/"]) {
    const response = await fetch(`http://127.0.0.1:${web.port}${path}`);
    const text = await response.text();
    expect([path, text.includes("OUTSIDE") || text.includes("servers.txt")]).toEqual([path, false]);
  }
});
