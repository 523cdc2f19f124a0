/**
 * Threads for workers that were started before it was known for which server: while the program is still being loaded, which is when the other
 * core has nothing to do. A lane's first worker takes one of them instead of starting its own.
 */
import { workerFile } from "./worker_file.ts";

let spare: Worker[] = [];

/** Theirs must be the same code as workerFile's. Whoever started them takes those out that end before they are taken here. */
export function adoptSpareWorkers(workers: Worker[]): void {
  spare = workers;
}

/** A thread that runs src/worker.ts and waits for its setup. It does not keep the process. */
export function takeWorker(): Worker {
  const worker = spare.pop() ?? new Worker(workerFile());
  worker.unref();
  return worker;
}
