/** Sets up, then runs Bun with the words given: node scripts/run.mjs bin/demo.ts --port 0 */
import { spawn } from "node:child_process";
import { dirname, delimiter, join } from "node:path";
import { bun } from "./setup/npm_packages.mjs";
import { project } from "./setup/command.mjs";
import { setUp } from "./setup.mjs";

/**
 * A Ctrl-C reaches us twice: from the terminal, and from npm, which passes it on. The program gets it once; a second one is
 * meant when it comes later than this.
 */
const echoMs = 500;

setUp();

let last = -Infinity;
// Before there is a child: a signal in between must not end us and leave it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (performance.now() - last < echoMs) return;
    last = performance.now();
    // A closed terminal means the end; to a server by itself SIGHUP would mean "reload".
    child.kill(signal === "SIGHUP" ? "SIGTERM" : signal);
  });
}

const child = spawn(bun, process.argv.slice(2), {
  stdio: "inherit",
  env: { ...process.env, PATH: searchPath() },
  // A session of its own, or the terminal's Ctrl-C would reach it past us, as a third one.
  detached: true,
});

child.on("error", (error) => {
  process.stderr.write(`cannot run ${bun}: ${error.message}\n`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  if (signal !== null) process.stderr.write(`bun was ended by ${signal}\n`);
  process.exitCode = code ?? 1;
  // Listeners for signals do not keep a process; being explicit costs nothing.
  process.exit();
});

/** The programs of the packages, and of another cctools, first. */
function searchPath() {
  const cctools = process.env.CCTOOLS ? [join(process.env.CCTOOLS, "bin")] : [];
  return [dirname(bun), join(project, "node_modules", ".bin"), ...cctools, process.env.PATH].join(delimiter);
}
