/** What a ticket file holds is for libchirp alone: no log, page, metric or message repeats it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startCluster } from "../helpers/cluster.ts";
import { run } from "../helpers/run.ts";
import { startWebServer } from "../helpers/web_server.ts";

setDefaultTimeout(60_000);

const SECRET = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0IG9mIHRoZSB0aWNrZXQ=\n";
const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");

test("tickets that a server refuses are shown nowhere", async () => {
  await using cluster = await startCluster({ servers: 1 });
  const ticket = join(cluster.directory, "my.ticket");
  writeFileSync(ticket, SECRET, { mode: 0o600 });
  const words = ["--servers", cluster.serversFile, "--auth", "ticket", "--tickets", ticket, "--timeout", "2"];
  await using web = await startWebServer([
    ...words,
    "--admin",
    "127.0.0.1:0",
    "--access-log",
    "json",
    "--debug-headers",
  ]);
  const page = await fetch(`http://127.0.0.1:${web.port}/`);
  const shown = [await page.text(), JSON.stringify([...page.headers])];
  for (const path of ["/", "/status.json", "/metrics", "/status.json?compare"]) {
    shown.push(await (await fetch(`http://127.0.0.1:${web.adminPort}${path}`)).text());
  }
  const sync = await run([
    process.execPath,
    program,
    "-d",
    "-v",
    "-a",
    "ticket",
    "-i",
    ticket,
    cluster.hosts[0]!,
    "/",
    "local",
    cluster.directory,
  ]);
  shown.push(web.stderr(), web.stdout(), sync.stdout, sync.stderr);
  expect([page.status, sync.exitCode]).toEqual([503, 5]);
  for (const text of shown) expect(text).not.toMatch(/PRIVATE KEY|c2VjcmV0/);
});
