/** What has to go should the process be interrupted before it is disposed of: programs that were started, directories that were made. */

const endings = new Set<() => void>();
let isRegistered = false;

/** `end` is called, and must be done at once, when the process ends; not any more after what this returns was called. */
export function atExit(end: () => void): () => void {
  register();
  endings.add(end);
  return () => void endings.delete(end);
}

function register(): void {
  if (isRegistered) return;
  isRegistered = true;
  process.on("exit", () => {
    for (const end of endings) end();
  });
  // A signal ends a process without "exit" unless somebody asks for it.
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
}
