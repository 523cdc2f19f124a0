import { builtProgram, type ProgramName, project } from "./built_form.ts";
import { delayCompiling } from "./jit_policy.ts";

export interface ProgramModule {
  /**
   * Runs the program with the words of this process. It calls compileAsUsual() when its start is over. `workers`: threads that run the
   * worker's code and wait for their setup.
   */
  readonly main: (workers: Worker[]) => Promise<void>;
}

export interface LoadOptions {
  readonly name: ProgramName;
  readonly fromSources: () => Promise<ProgramModule>;
  /** Workers that nearly every run needs: they start while the program is loaded. */
  readonly workers?: number;
}

/** Runs the program as the set-up has built it, or from its sources when they are no longer what it was built of. */
export async function runProgram({ name, fromSources, workers = 0 }: LoadOptions): Promise<void> {
  delayCompiling();
  const built = builtProgram(name);
  const started = startWorkers(workers, built === null ? `${project}/src/worker.ts` : `${project}/dist/worker.js`);
  const { main } = built === null ? await fromSources() : ((await import(built)) as ProgramModule);
  await main(started);
}

/** Those that do not start, or end before anybody has set them up, are left out: whoever starts another one hears why. */
function startWorkers(count: number, file: string): Worker[] {
  const workers: Worker[] = [];
  for (let started = 0; started < count; started++) {
    const worker = tryToStart(file);
    if (worker === null) break;
    workers.push(worker);
    const takeOut = () => {
      const index = workers.indexOf(worker);
      if (index >= 0) workers.splice(index, 1);
    };
    worker.addEventListener("error", takeOut);
    worker.addEventListener("close", takeOut);
  }
  return workers;
}

/** Null when the system allows no more threads just then: thrown from here it would be exit code 1, which --check has for "they differ". */
function tryToStart(file: string): Worker | null {
  try {
    const worker = new Worker(file);
    worker.unref();
    return worker;
  } catch {
    return null;
  }
}
