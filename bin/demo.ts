#!/usr/bin/env bun
/** The main job on one machine: three private Chirp servers, a site kept equal on them, and the web server in front. */
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Arguments, type Program, UsageError } from "../src/cli/arguments.ts";
import { programCommand, runMain } from "../src/cli/command.ts";
import { parsePort, parseSize } from "../src/cli/values.ts";
import { clusterDown, clusterUp, serversFile } from "../src/cluster/cluster.ts";
import { clusterFile } from "../src/cluster/cluster_state.ts";
import { portIsFree } from "../src/cluster/free_port.ts";
import { advice, type AdviceServer } from "../src/demo/advice.ts";
import { publishSite } from "../src/demo/publish_site.ts";
import { writeSampleSite } from "../src/demo/sample_site.ts";
import { startWebServer } from "../src/demo/web_server.ts";
import { version } from "../src/version.ts";

const project = join(import.meta.dir, "..");

const serverCount = 3;

const program = {
  name: "demo",
  call: "npm start --",
  version,
  description:
    "Starts three private Chirp servers with a sample site on the first, synchronises it to the two others, and serves it. " +
    "Ctrl-C stops all of it and removes its files.",
  options: {
    port: {
      type: "value",
      hint: "N",
      default: "8080",
      parse: parsePort,
      description: "port of the website; 0 picks one",
    },
    "large-file": {
      type: "value",
      hint: "SIZE",
      default: "100MB",
      parse: parseSize,
      description: "size of large.bin, for downloads that take a while; there will be three copies",
    },
  },
} as const satisfies Program;

/** Resolves when the person has had enough: Ctrl-C, or an end from outside. */
const interrupted = Promise.withResolvers<"interrupted">();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => interrupted.resolve("interrupted"));
}

async function main({ port, largeFile }: Arguments<typeof program>["options"]): Promise<void> {
  if (port !== 0 && !(await portIsFree(port))) {
    throw new UsageError(`port ${port} is in use; choose another: npm start -- --port ${port + 1}`);
  }
  await using cleanUp = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-demo-"));
  cleanUp.defer(() => rmSync(directory, { recursive: true, force: true }));
  // mkdtemp makes it for us alone; the servers run as somebody else when we are root.
  chmodSync(directory, 0o755);

  console.log("Starting three private Chirp servers.");
  const servers = await startServers(directory, cleanUp);
  const [master = "", ...copies] = servers.map(({ host }) => host);
  const site = join(directory, "site");
  writeSampleSite(site, largeFile);
  const { files, bytes } = publishSite(site, master, "/site");
  // The three on the servers are enough.
  rmSync(join(site, "large.bin"));
  console.log(`Wrote the site to the first: ${files} files, ${(bytes / 1e6).toFixed(1)} MB.`);

  console.log("Synchronising it to the others:");
  const synchronise = ["bin/chirp_synchronize.ts", "-r", master, "/site", ...copies.flatMap((host) => [host, "/site"])];
  const code = await Promise.race([interrupted.promise, runToEnd(synchronise, cleanUp)]);
  if (code === "interrupted") return;
  if (code !== 0) throw new Error(`chirp_synchronize failed with exit code ${code}`);

  const where = ["--servers", serversFile(directory), "--root", "/site", "--port", String(port)];
  const starting = startWebServer([...where, "--debug-headers"]);
  cleanUp.defer(async () => await starting.then((server) => server.stop()).catch(() => undefined));
  const server = await Promise.race([interrupted.promise, starting]);
  if (server === "interrupted") return;
  console.log(advice({ url: server.url, adminUrl: server.adminUrl, directory, site, servers, synchronise }));

  const end = await Promise.race([interrupted.promise, server.ended]);
  if (end !== "interrupted") throw new Error(`The web server ended by itself: ${end}`);
  console.log("Stopping.");
}

async function startServers(directory: string, cleanUp: AsyncDisposableStack): Promise<AdviceServer[]> {
  // Registered first: should the second server fail to start, the first goes as well.
  cleanUp.defer(async () => void (existsSync(clusterFile(directory)) && (await clusterDown(directory))));
  const { servers } = await clusterUp({ directory, count: serverCount, basePort: null, endWithUs: true });
  return servers.map(({ port, group }) => ({ host: `127.0.0.1:${port}`, processGroup: group?.id ?? 0 }));
}

/** Runs a program of ours, its output for all to see; the exit code. */
async function runToEnd(words: readonly string[], cleanUp: AsyncDisposableStack): Promise<number> {
  const child = Bun.spawn([process.execPath, ...words], {
    cwd: project,
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  cleanUp.defer(async () => {
    child.kill("SIGTERM");
    await child.exited;
  });
  return await child.exited;
}

await runMain(
  program,
  programCommand(program, async ({ options }) => await main(options)),
);
// Signal handlers and what libchirp holds must not keep us.
process.exit();
