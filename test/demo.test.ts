/** `npm start` as a person meets it: what it prints is done as it says, and nothing is left of it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./helpers/run.ts";

// Real processes on a busy machine: Bun's own 5 s are short, and a test that takes longer than this hangs.
setDefaultTimeout(60_000);

const project = join(import.meta.dir, "..");

interface Demo extends AsyncDisposable {
  readonly url: string;
  readonly statusUrl: string;
  readonly directory: string;
  /** The commands it advises, one a line. */
  readonly commands: readonly string[];
  readonly child: Bun.Subprocess;
}

/** The demo by way of scripts/run.mjs, as npm starts it, on a free port and with a small large file; until it says `marker`. */
async function demoUntil(marker: string): Promise<{ child: Bun.Subprocess; output: string }> {
  const command = ["node", join(project, "scripts/run.mjs"), join(project, "bin/demo.ts"), "--port", "0"];
  const child = Bun.spawn([...command, "--large-file", "8MB"], { stdout: "pipe", stderr: "ignore", detached: true });
  let output = "";
  for await (const chunk of child.stdout.values({ preventCancel: true })) {
    output += Buffer.from(chunk).toString();
    if (output.includes(marker)) break;
  }
  return { child, output };
}

async function startDemo(): Promise<Demo> {
  const { child, output } = await demoUntil("Ctrl-C here");
  const dispose = async () => {
    child.kill("SIGTERM");
    await child.exited;
  };
  return {
    url: /http:\/\/[^/\s]+/.exec(output)?.[0] ?? "",
    statusUrl: /fares is on (http:\S+)/.exec(output)?.[1] ?? "",
    directory: /--dir (\S+)/.exec(output)?.[1] ?? "",
    commands: [...output.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = ""]) => line),
    child,
    [Symbol.asyncDispose]: dispose,
  };
}

test("the site is served, survives what the demo advises to do to it, and Ctrl-C leaves nothing behind", async () => {
  await using demo = await startDemo();
  const { url, statusUrl, directory, commands, child } = demo;
  const advised = (part: string) => commands.filter((command) => command.includes(part));
  const shell = async (...lines: readonly string[]) =>
    await run(["bash", "-c", [...advised("export PATH"), ...lines].join("\n")], { cwd: project });

  const site = join(project, "examples/site");
  const pages = readdirSync(site, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of pages) {
    const file = join(parentPath, name);
    const path = file.slice(site.length).split("/").map(encodeURIComponent).join("/");
    const response = await fetch(url + path);
    expect([path, response.status]).toEqual([path, 200]);
    expect(Buffer.from(await response.arrayBuffer()).equals(readFileSync(file))).toBe(true);
  }
  for (const path of ["/picture.png", "/folder/", "/large.bin"]) expect((await fetch(url + path)).status).toBe(200);

  expect(await (await fetch(statusUrl)).text()).toContain("Serving <b>/site</b>");

  const who = await shell(...advised("x-served-by"));
  expect(who.stdout.match(/^x-served-by: 127\.0\.0\.1:\d+/gim)).toHaveLength(6);

  const download = await shell(...advised("sha256sum"), ...advised("kill -9"), "wait");
  const sums = [...download.stdout.matchAll(/^[0-9a-f]{64}/gm)].map(([sum]) => sum);
  expect(sums).toHaveLength(2);
  expect(sums[0]).toBe(sums[1]);

  expect((await shell(...advised("chirp_cluster.ts status"))).stdout.match(/ dead$/gm)).toHaveLength(2);
  expect((await shell(...advised("chirp_cluster.ts up"))).exitCode).toBe(0);
  expect((await shell(...advised("chirp_cluster.ts status"))).exitCode).toBe(0);

  const edit = await shell(...advised("sed -i"), ...advised("chirp_put"), ...advised("chirp_synchronize.ts"));
  expect({ exitCode: edit.exitCode, stderr: edit.stderr }).toEqual({ exitCode: 0, stderr: "" });
  const news = await shell(...advised("news.html | grep"));
  expect(news.stdout.match(/Somebody pulled a plug/g)).toHaveLength(6);

  const hosts = readFileSync(join(directory, "servers.txt"), "utf8").trim().split("\n");
  // To the whole group, as a terminal does.
  process.kill(-child.pid, "SIGINT");
  expect(await child.exited).toBe(0);
  expect(existsSync(directory)).toBe(false);
  for (const address of [...hosts.map((host) => `http://${host}/`), url, statusUrl]) {
    await expect(fetch(address)).rejects.toThrow();
  }
});

test.each(["Starting three", "Wrote the site", "Synchronising it", "copied"])(
  "Ctrl-C after %j leaves nothing behind",
  async (marker) => {
    // Somebody may be running a demo of their own.
    const before = leftovers();
    const { child } = await demoUntil(marker);
    process.kill(-child.pid, "SIGINT");
    expect(await child.exited).toBe(0);
    expect(leftovers().filter((each) => !before.includes(each))).toEqual([]);
  },
);

test("a port in use is one message that says what to do, and nothing is started", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const { exitCode, stdout, stderr } = await run([process.execPath, "bin/demo.ts", "--port", String(port)], {
    cwd: project,
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toStartWith(`demo: port ${port} is in use; choose another: npm start -- --port ${port + 1}\n`);
  server.close();
});

test.each([
  [["--prot", "1"], /unknown option --prot; did you mean --port\?/],
  [["--port", "http"], /--port "http" is no port/],
  [["--large-file", "big"], /--large-file "big" is no size/],
  [["8080"], /unexpected argument "8080"/],
])("%j is refused with exit code 2", async (words, message) => {
  const { exitCode, stderr } = await run([process.execPath, "bin/demo.ts", ...words], { cwd: project });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
});

/** The directories of demos, and the logs there that running servers hold open, which they do even when it is removed. */
function leftovers(): string[] {
  const directories = readdirSync(tmpdir()).filter((name) => name.startsWith("chirp-site-demo-"));
  const { stdout } = Bun.spawnSync(["sh", "-c", "readlink /proc/[0-9]*/fd/1"], { stderr: "ignore" });
  const logs = stdout.toString().split("\n");
  return [...directories, ...logs.filter((file) => file.includes("/chirp-site-demo-"))];
}
