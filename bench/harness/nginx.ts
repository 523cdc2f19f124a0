/** nginx, the peer: one worker, files of the local disk kept open, no log unless asked for. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { freePort } from "../../src/cluster/free_port.ts";
import { atExit } from "../../test/helpers/at_exit.ts";
import { program } from "./programs.ts";

export interface Nginx extends AsyncDisposable {
  readonly url: string;
  /** Of the master process, whose child does the work. */
  readonly pid: number;
}

export interface NginxOptions {
  /** Write a combined access log, buffered. */
  readonly log?: boolean;
}

const START_LIMIT_MS = 10_000;
/** It ends at once when told to; this is for a machine that is busy. */
const EXIT_LIMIT_MS = 2_000;

export async function startNginx(root: string, { log = false }: NginxOptions = {}): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), "chirp-site-nginx-"));
  const port = await freePort();
  const file = join(directory, "nginx.conf");
  writeFileSync(file, configuration(directory, root, port, log));
  const child = Bun.spawn([program("nginx"), "-p", directory, "-c", file], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
  });
  const forget = atExit(() => {
    // Not by SIGKILL, which would leave its worker.
    child.kill("SIGTERM");
    const until = performance.now() + EXIT_LIMIT_MS;
    while (existsSync(join(directory, "pid")) && performance.now() < until) Bun.sleepSync(10);
    rmSync(directory, { recursive: true, force: true });
  });
  const stop = async () => {
    forget();
    child.kill("SIGTERM");
    await child.exited;
    rmSync(directory, { recursive: true, force: true });
  };
  const deadline = performance.now() + START_LIMIT_MS;
  while (!(await accepts(port))) {
    if (child.exitCode === null && performance.now() < deadline) {
      await Bun.sleep(10);
      continue;
    }
    await stop();
    throw new Error("nginx did not start");
  }
  return { url: `http://127.0.0.1:${port}`, pid: child.pid, [Symbol.asyncDispose]: stop };
}

function configuration(directory: string, root: string, port: number, log: boolean): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
${userInfo().uid === 0 ? "user root;" : ""}
worker_processes 1;
pid ${directory}/pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log ${log ? `${directory}/access.log combined buffer=64k flush=1s` : "off"};
  ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join("\n  ")}
  types { text/html html; }
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  open_file_cache max=10000 inactive=1h;
  open_file_cache_valid 1h;
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
