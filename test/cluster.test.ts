/** The private servers that every other test stands on, and the command that starts them for people. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answersChirp } from "../src/cluster/answers_chirp.ts";
import { serverProgram } from "../src/cluster/chirp_server.ts";
import { membersOf, parseStatus } from "../src/cluster/process_group.ts";
import { startCluster } from "./helpers/cluster.ts";
import { run } from "./helpers/run.ts";

// Real processes on a busy machine: Bun's own 5 s are short, and a test that takes longer than this hangs.
setDefaultTimeout(60_000);

const asRoot = process.getuid?.() === 0;

describe("startCluster", () => {
  test("servers answer, keep their port over a kill, and go with the block", async () => {
    let directory: string;
    let ports: number[];
    {
      await using cluster = await startCluster({ servers: 2 });
      const [first, second] = cluster.servers;
      directory = cluster.directory;
      ports = cluster.servers.map(({ port }) => port);
      expect(readFileSync(cluster.serversFile, "utf8")).toBe(cluster.hosts.map((host) => `${host}\n`).join(""));
      first.plant("/a/b.txt", "hello", { mtime: 1_700_000_000, mode: 0o600 });
      expect(await chirp(first.host, "cat", "/a/b.txt")).toBe("hello");
      expect(statSync(join(first.rootDirectory, "a/b.txt")).mtimeMs).toBe(1_700_000_000_000);

      const held = connect(first.port, "127.0.0.1");
      await new Promise((resolve) => held.once("connect", resolve));
      const cut = new Promise((resolve) => held.once("close", resolve).once("error", () => undefined));
      await first.kill();
      await cut;
      expect(await answersChirp("127.0.0.1", first.port, 1000)).toBe(false);
      expect(await answersChirp("127.0.0.1", second?.port ?? 0, 1000)).toBe(true);
      await first.restart();
      expect(await chirp(first.host, "cat", "/a/b.txt")).toBe("hello");
    }
    expect(existsSync(directory)).toBe(false);
    for (const port of ports) expect(await answersChirp("127.0.0.1", port, 1000)).toBe(false);
  });

  test("a stopped server is silent, and answers again when resumed", async () => {
    await using cluster = await startCluster({ servers: 1 });
    const [server] = cluster.servers;
    server.stop();
    expect(await answersChirp("127.0.0.1", server.port, 200)).toBe(false);
    server.resume();
    expect(await answersChirp("127.0.0.1", server.port, 5000)).toBe(true);
    server.stop();
    await server.restart();
    expect(await answersChirp("127.0.0.1", server.port, 5000)).toBe(true);
  });

  test("names on disk are the bytes that were planted", async () => {
    await using cluster = await startCluster({ servers: 1 });
    const [server] = cluster.servers;
    const odd = Buffer.from("/d/\xff\x01 %", "latin1");
    server.plant(odd, "odd");
    server.plant("/d/café.html", "accent");
    const names = readdirSync(join(server.rootDirectory, "d"), { encoding: "buffer" }).map((name) =>
      name.toString("latin1"),
    );
    expect(names.sort()).toEqual([".__acl", "caf\xc3\xa9.html", "\xff\x01 %"].sort());
    expect(readFileSync(server.diskPath(odd), "utf8")).toBe("odd");
    expect((await chirp(server.host, "ls", "-la", "/d")).split("\n").length).toBeGreaterThan(2);
  });

  test("RPCs are counted over all connections, from where one wants", async () => {
    await using cluster = await startCluster({ servers: 1 });
    const [server] = cluster.servers;
    await chirp(server.host, "ls", "/");
    await chirp(server.host, "ls", "/");
    expect((await server.countRpcs())["getlongdir"]).toBe(2);
    await server.forgetRpcs();
    await chirp(server.host, "mkdir", "/new");
    const counts = await server.countRpcs();
    expect(counts["getlongdir"]).toBeUndefined();
    expect(counts["mkdir"]).toBe(1);
    expect(await server.rpcLog()).toContain("mkdir /new 511");
  });

  test("a directory without rights denies, the others do not", async () => {
    await using cluster = await startCluster({ servers: 1 });
    const [server] = cluster.servers;
    server.plant("/closed/file", "x");
    server.plantDirectory("/closed", { acl: [] });
    server.plant("/open/file", "x");
    expect(await chirp(server.host, "cat", "/open/file")).toBe("x");
    await expect(chirp(server.host, "ls", "/closed")).rejects.toThrow(/Permission denied/);
  });

  test("arguments of chirp_server are passed on, and a bad one is reported with its log", async () => {
    const failing = startCluster({ servers: 1, extraArguments: ["-a", "nonsense"] });
    await expect(failing).rejects.toThrow(/could not register authentication method `nonsense'/);
  });

  test.each(["throws", "exits", "SIGINT", "SIGTERM", "SIGKILL"])("nothing runs on when the process %s", async (end) => {
    const directory = mkdtempSync(join(tmpdir(), "chirp-site-test-end-"));
    try {
      const script = join(directory, "script.ts");
      const ends: Record<string, string> = { throws: `throw new Error("on purpose")`, exits: "process.exit(0)" };
      writeFileSync(
        script,
        `import { startCluster } from ${JSON.stringify(join(import.meta.dir, "helpers/cluster.ts"))};
         const cluster = await startCluster({ servers: 2 });
         console.log(JSON.stringify({ ports: cluster.servers.map(({ port }) => port), directory: cluster.directory }));
         ${ends[end] ?? `process.kill(process.pid, "${end}"); await Bun.sleep(20_000);`}`,
      );
      const { stdout } = await run([process.execPath, script]);
      const started = JSON.parse(stdout) as { ports: number[]; directory: string };
      for (const port of started.ports) expect(await goneWithin(port, 5000)).toBe(true);
      // Nobody can tidy up after a SIGKILL; the servers look for their parent once a second and end.
      if (end === "SIGKILL") rmSync(started.directory, { recursive: true, force: true });
      expect(existsSync(started.directory)).toBe(false);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe("bin/chirp_cluster.ts", () => {
  const program = [process.execPath, join(import.meta.dir, "../bin/chirp_cluster.ts")];
  const command = (...words: string[]) => run([...program, ...words]);

  /** A directory for `up`, its servers ended and its files gone with the block. */
  function clusterDirectory(): AsyncDisposable & { path: string } {
    const parent = mkdtempSync(join(tmpdir(), "chirp-site-test-up-"));
    // mkdtemp makes it for us alone; the servers run as somebody else when we are root.
    chmodSync(parent, 0o777);
    const path = join(parent, "cluster");
    return {
      path,
      [Symbol.asyncDispose]: async () => {
        if (existsSync(join(path, "cluster.json"))) await command("down", "--dir", path);
        rmSync(parent, { recursive: true, force: true });
      },
    };
  }

  test("up, status, kill one, up again, down", async () => {
    await using directory = clusterDirectory();
    const dir = directory.path;
    const up = await command("up", "-n", "3", "--dir", dir);
    expect(up.exitCode).toBe(0);
    expect(up.stdout).toMatch(/^(127\.0\.0\.1:\d+\n){3}$/);
    expect(readFileSync(join(dir, "servers.txt"), "utf8")).toBe(up.stdout);
    const hosts = up.stdout.trim().split("\n");
    for (const host of hosts) expect(await chirp(host, "mkdir", "/ours")).toBe("");
    await expect(chirp(hosts[0] ?? "", "-a", "hostname", "mkdir", "/theirs")).rejects.toThrow(/Permission denied/);

    const status = await command("status", "--dir", dir);
    expect(status.exitCode).toBe(0);
    const group = Number(/process group (\d+)/.exec(status.stdout.split("\n")[1] ?? "")?.[1]);
    process.kill(-group, "SIGKILL");
    expect(await goneWithin(Number(hosts[1]?.split(":")[1]), 5000)).toBe(true);
    const oneDead = await command("status", "--dir", dir);
    expect(oneDead.exitCode).toBe(1);
    expect(oneDead.stdout).toContain(`${hosts[1]} dead\n`);
    expect(oneDead.stdout.match(/running/g)).toHaveLength(2);

    const again = await command("up", "--dir", dir);
    expect(again.stdout).toBe(up.stdout);
    expect((await command("status", "--dir", dir)).exitCode).toBe(0);
    expect((await command("up", "-n", "1", "--dir", dir)).exitCode).toBe(2);

    const down = await command("down", "--dir", dir);
    expect(down).toEqual({ exitCode: 0, stdout: "3 servers ended\n", stderr: "" });
    for (const host of hosts) expect(await answersChirp("127.0.0.1", Number(host.split(":")[1]), 500)).toBe(false);
    expect((await command("down", "--dir", dir)).stdout).toBe("0 servers ended\n");
  });

  // As root there is a second way to start servers: as somebody else. Whoever is somebody else already tests this always.
  test.skipIf(!asRoot || !nobodyCanRunUs())("an ordinary user starts servers as well", async () => {
    await using directory = clusterDirectory();
    const asNobody = (...words: string[]) =>
      run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", ...program, ...words]);
    const up = await asNobody("up", "-n", "2", "--dir", directory.path);
    expect(up).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^(127\.0\.0\.1:\d+\n){2}$/), stderr: "" });
    expect(statSync(join(directory.path, "server1/root")).uid).not.toBe(0);
    const [host = ""] = up.stdout.split("\n");
    await expect(chirp(host, "mkdir", "/theirs")).rejects.toThrow(/Permission denied/);
    expect((await asNobody("down", "--dir", directory.path)).stdout).toBe("2 servers ended\n");
  });

  test("a noted process id that somebody else has now is left alone", async () => {
    await using directory = clusterDirectory();
    const dir = directory.path;
    mkdirSync(dir);
    // By its name one of ours, and by nothing else.
    const namesake = join(dir, "..", serverProgram);
    copyFileSync(Bun.which("sleep") ?? "/bin/sleep", namesake);
    const bystanders = [["sleep"], [namesake]].map(([name = ""]) => Bun.spawn([name, "60"], { detached: true }));
    const [other, sameName] = bystanders.map(({ pid }) => pid);
    if (other === undefined || sameName === undefined) throw new Error("no bystanders");
    try {
      const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      const startOf = (id: number) => parseStatus(readFileSync(`/proc/${id}/stat`, "utf8")).started;
      // The number is in use again: by another program, by one started later, and by one of another boot.
      for (const group of [
        { id: other, started: startOf(other), boot },
        { id: sameName, started: String(Number(startOf(sameName)) - 1), boot },
        { id: sameName, started: startOf(sameName), boot: "another boot" },
      ]) {
        expect(membersOf(group, serverProgram)).toEqual([]);
        writeFileSync(join(dir, "cluster.json"), JSON.stringify({ schema: 1, servers: [{ port: 10_001, group }] }));
        expect((await command("down", "--dir", dir)).stdout).toBe("0 servers ended\n");
      }
      const itself = { id: sameName, started: startOf(sameName), boot };
      expect(membersOf(itself, serverProgram)).toEqual([sameName]);
      for (const { exitCode, signalCode } of bystanders) expect([exitCode, signalCode]).toEqual([null, null]);
    } finally {
      for (const bystander of bystanders) bystander.kill("SIGKILL");
      await Promise.all(bystanders.map(({ exited }) => exited));
    }
  });

  test("refuses what it does not understand, with exit code 2 and nothing started", async () => {
    await using directory = clusterDirectory();
    const dir = directory.path;
    mkdirSync(dir);
    await using cluster = await startCluster({ servers: 1 });
    const broken = join(dir, "..", "broken");
    mkdirSync(broken);
    const closed = join(dir, "..", "closed");
    mkdirSync(closed, { mode: 0o700 });
    writeFileSync(join(broken, "cluster.json"), "{");
    const taken = String(cluster.servers[0].port);
    const table: [words: string[], message: RegExp][] = [
      [[], /argument missing/],
      [["pu"], /unknown command "pu"/],
      [["toString"], /unknown command/],
      [["up"], /--dir is missing/],
      [["up", "--dir"], /--dir needs a value/],
      [["up", "--dirr", dir], /did you mean --dir\?/],
      [["up", "--dir", dir, "extra"], /unexpected argument "extra"/],
      [["up", "-n", "0", "--dir", dir], /--number "0"/],
      [["up", "-n", "three", "--dir", dir], /--number "three"/],
      [["up", "-n", "1", "--dir", dir, "--base-port", "65536"], /--base-port "65536"/],
      [["up", "-n", "2", "--dir", dir, "--base-port", "65535"], /--base-port "65535" leaves no room/],
      [["up", "-n", "1", "--dir", dir, "--base-port", taken], new RegExp(`port ${taken} .* is in use; .*--base-port`)],
      [["up", "-n", "1", "--dir", "/proc/nothing"], /--dir "\/proc\/nothing" cannot be used/],
      [["up", "--dir", import.meta.path], /cannot read .*not a directory/],
      ...((asRoot
        ? [[["up", "--dir", join(closed, "dir")], /chirp_server, which serves as nobody, cannot enter .*closed; /]]
        : []) as [string[], RegExp][]),
      [["up", "--dir", broken], /cluster\.json is not a file that chirp_cluster wrote/],
      [["down", "--dir", join(dir, "none")], /no such directory/],
      [["down", "--dir", dir], /no servers were started there/],
      [["status", "--dir", dir], /no servers were started there/],
      [["down", "-n", "3", "--dir", dir], /unknown option -n/],
    ];
    for (const [words, message] of table) {
      const { exitCode, stdout, stderr } = await command(...words);
      expect([words, exitCode, stdout]).toEqual([words, 2, ""]);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain(" at ");
    }
    expect(existsSync(join(dir, "cluster.json"))).toBe(false);
  });

  test("--help shows the options and exits 0", async () => {
    expect((await command("--help")).stdout).toContain("up|down|status");
    const up = await command("up", "--help");
    expect(up.exitCode).toBe(0);
    for (const word of ["--number N", "--dir DIR", "--base-port P", "default: "]) expect(up.stdout).toContain(word);
  });
});

/** Whether the user nobody may read this checkout and run this Bun. */
function nobodyCanRunUs(): boolean {
  const files = [process.execPath, join(import.meta.dir, "../bin/chirp_cluster.ts")];
  const commands = files.map((file) => [
    "setpriv",
    "--reuid=nobody",
    "--regid=nogroup",
    "--clear-groups",
    "test",
    "-r",
    file,
  ]);
  return Bun.which("setpriv") !== null && commands.every((command) => Bun.spawnSync(command).success);
}

async function chirp(host: string, ...words: string[]): Promise<string> {
  const [options, rest] = words[0] === "-a" ? [words.slice(0, 2), words.slice(2)] : [[], words];
  const { exitCode, stdout, stderr } = await run(["chirp", "-t", "10", ...options, host, ...rest]);
  if (exitCode !== 0) throw new Error(stdout + stderr);
  return stdout.replace(/\n$/, "");
}

async function goneWithin(port: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (await answersChirp("127.0.0.1", port, 1000)) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(10);
  }
  return true;
}
