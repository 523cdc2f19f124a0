/** In a built program the worker that was built with it; scripts/build_programs.ts puts the path here. */
declare const BUILT_WORKER: string | undefined;

/**
 * What lanes' workers run, for `new Worker`. The source when the built one is gone: a web server that runs for weeks outlives a dist/ that
 * somebody removes, and starts workers all the time.
 */
export function workerFile(): string {
  const isBuilt = typeof BUILT_WORKER === "string" && Bun.file(BUILT_WORKER).size > 0;
  return isBuilt ? BUILT_WORKER : new URL("../worker.ts", import.meta.url).href;
}
