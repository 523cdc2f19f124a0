import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { locate } from "./programs.ts";

setDefaultTimeout(60_000);

/** Starts all that questions start, and waits. */
const waiting = `
import { startNginx } from ${JSON.stringify(join(import.meta.dir, "nginx.ts"))};
import { serve } from ${JSON.stringify(join(import.meta.dir, "site.ts"))};
import { startSyncSite } from ${JSON.stringify(join(import.meta.dir, "sync_site.ts"))};
const { cluster } = await startSyncSite((server) => server.plant("/site/f", "f"), "aside");
const web = await serve(cluster);
if (${locate("nginx") !== null}) await startNginx(cluster.directory);
console.log("ready");
setInterval(() => undefined, 1000);
`;

test.each(["SIGINT", "SIGTERM"] as const)(
  "a benchmark that is ended by %s leaves no process and no file",
  async (signal) => {
    const directory = mkdtempSync(join(tmpdir(), "chirp-site-interrupted-"));
    // The servers are not root's when we are.
    chmodSync(directory, 0o755);
    try {
      const child = Bun.spawn([process.execPath, "-e", waiting], {
        env: { ...process.env, TMPDIR: directory },
        stdout: "pipe",
        stderr: "inherit",
      });
      const reader = child.stdout.getReader();
      expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("ready\n");
      expect(processesOf(directory)).not.toEqual([]);
      child.kill(signal);
      expect(await child.exited).toBe(signal === "SIGINT" ? 130 : 143);
      expect(readdirSync(directory)).toEqual([]);
      const deadline = performance.now() + 5_000;
      while (processesOf(directory).length > 0 && performance.now() < deadline) await Bun.sleep(20);
      expect(processesOf(directory)).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);

/** Command lines and environments tell whose they are; chirp_server writes over its own, and has a process group that is looked after. */
function processesOf(directory: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return ["cmdline", "environ"].some((file) => readFileSync(`/proc/${pid}/${file}`, "latin1").includes(directory));
    } catch {
      // It has ended meanwhile, or is somebody else's.
      return false;
    }
  });
}
