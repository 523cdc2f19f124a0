/**
 * Hosts with addresses of their own, each a network namespace with a chirp_server in it, that can be cut off as a pulled cable
 * does it: nothing arrives any more, and nobody is told.
 *
 * Needs root, iproute2 and the right to make network namespaces; whyNoNetworkHosts says what is missing.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answersChirp } from "../../src/cluster/answers_chirp.ts";
import { findChirpServer, serverProgram } from "../../src/cluster/chirp_server.ts";
import { groupOf, killGroup } from "../../src/cluster/process_group.ts";
import { serverAccount } from "../../src/cluster/server_account.ts";
import { createPlanter, type Planter } from "./plant.ts";
import { run } from "./run.ts";

export interface NetworkHost extends Planter {
  /** "10.231.n.2:9094" */
  readonly host: string;
  /** What it sends goes nowhere: no answer, no FIN, no RST. */
  cutOff(): Promise<void>;
  reconnect(): Promise<void>;
}

const PORT = 9094;
const acl = ["unix:* rwldpax", "hostname:* rwldpax", "address:* rwldpax"];
const START_LIMIT_MS = 15_000;

/** Why there can be none here; null when they can be made. */
export async function whyNoNetworkHosts(): Promise<string | null> {
  if (process.getuid?.() !== 0) return "only root can make network namespaces";
  if (Bun.which("ip") === null) return "ip (iproute2) is not installed";
  const name = `chirptest${process.pid}`;
  const { exitCode, stderr } = await run(["ip", "netns", "add", name]);
  if (exitCode !== 0) return stderr.trim();
  const link = await run(["ip", "link", "add", `${name}v`, "type", "veth", "peer", "name", "eth0", "netns", name]);
  await run(["ip", "netns", "del", name]);
  return link.exitCode === 0 ? null : link.stderr.trim();
}

export async function startNetworkHosts(count: number): Promise<{ hosts: NetworkHost[] } & AsyncDisposable> {
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-hosts-"));
  chmodSync(directory, 0o755);
  const cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rmSync(directory, { recursive: true, force: true }));
  try {
    const hosts: NetworkHost[] = [];
    for (let number = 1; number <= count; number++) hosts.push(await startHost(directory, number, cleanUp));
    return { hosts, [Symbol.asyncDispose]: () => cleanUp.disposeAsync() };
  } catch (error) {
    await cleanUp.disposeAsync();
    throw error;
  }
}

async function startHost(directory: string, number: number, cleanUp: AsyncDisposableStack): Promise<NetworkHost> {
  // Below /dev and /run of this machine: two test runs at a time must not meet.
  const name = `chirp${process.pid}n${number}`;
  const subnet = `10.231.${(process.pid + number) % 250}`;
  const inside = (...words: string[]) => ip("netns", "exec", name, "ip", ...words);
  await ip("netns", "add", name);
  // Its end of the cable goes with the namespace, and ours with its.
  cleanUp.defer(async () => await ip("netns", "del", name));
  await ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
  await ip("addr", "add", `${subnet}.1/30`, "dev", name);
  await ip("link", "set", name, "up");
  await inside("addr", "add", `${subnet}.2/30`, "dev", "eth0");
  await inside("link", "set", "eth0", "up");
  await inside("link", "set", "lo", "up");

  const root = join(directory, `root${number}`);
  const planter = createPlanter(root, acl);
  await run(["mkdir", "-p", root, `${root}.transient`]);
  const account = serverAccount();
  if (account !== null) await run(["chown", `${account.uid}:${account.gid}`, root, `${root}.transient`]);
  planter.plantDirectory("/");
  const child = Bun.spawn(
    [
      ...["ip", "netns", "exec", name, findChirpServer(), "-r", root, "-y", `${root}.transient`, "-p", String(PORT)],
      ...["-I", `${subnet}.2`, "-u", "127.0.0.1", "-U", "1d", "-n", "localhost", "-a", "unix", "-a", "address"],
      ...(account === null ? [] : ["-i", account.name]),
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "ignore", detached: true },
  );
  const group = groupOf(child.pid);
  cleanUp.defer(async () => void (group !== null && (await killGroup(group, serverProgram))));
  const deadline = performance.now() + START_LIMIT_MS;
  while (!(await answersChirp(`${subnet}.2`, PORT, 1_000))) {
    if (performance.now() > deadline) throw new Error(`chirp_server in ${name} does not answer`);
    await Bun.sleep(20);
  }
  return {
    ...planter,
    host: `${subnet}.2:${PORT}`,
    cutOff: () => inside("route", "add", "blackhole", `${subnet}.1/32`),
    reconnect: () => inside("route", "del", "blackhole", `${subnet}.1/32`),
  };
}

async function ip(...words: string[]): Promise<void> {
  const { exitCode, stderr } = await run(["ip", ...words]);
  if (exitCode !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr.trim()}`);
}
