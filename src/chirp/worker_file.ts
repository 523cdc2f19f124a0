/** In a built program the worker that was built with it; scripts/build_programs.ts puts the path here. */
declare const BUILT_WORKER: string | undefined;

/** What a lane's workers run, as an address for `new Worker`. */
export const workerFile =
  typeof BUILT_WORKER === "string" ? BUILT_WORKER : new URL("../worker.ts", import.meta.url).href;
