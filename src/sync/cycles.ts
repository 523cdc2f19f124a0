/** Once, or again and again (--every). */
import { createConnections } from "./store/connections.ts";
import type { Command } from "./options/command.ts";
import type { Output } from "./output/output.ts";
import { exitCodes } from "./output/exit_code.ts";
import { pause } from "./store/retrying_store.ts";
import { synchronize } from "./synchronize.ts";

export interface Cycles {
  readonly command: Command;
  readonly output: Output;
  /** Ends after what is in hand. */
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
}

/**
 * The exit code: of the one run; with --every of the cycle that was interrupted, else 0, since being stopped between two
 * cycles is how it ends. A cycle that fails is reported and the next one tries again. Two cycles never overlap: one that takes
 * longer than the interval is followed at once.
 */
export async function runCycles({ command, output, stop, abort }: Cycles): Promise<number> {
  const { source, targets, leaveOutSource, options, check, everySeconds } = command;
  const connections = createConnections(command.connections);
  try {
    return await runAll();
  } finally {
    await connections.close();
  }

  async function runAll(): Promise<number> {
    for (;;) {
      const began = performance.now();
      const report = await synchronize({
        source,
        targets,
        leaveOutSource,
        options,
        connections,
        check,
        emit: (event) => output.event(event),
        watch: (replica, counts) => output.watch(replica, counts),
        stop,
        abort,
      });
      output.report(report);
      if (everySeconds === null) return report.exitCode;
      if (stop.aborted) return report.exitCode === exitCodes.done ? exitCodes.done : exitCodes.interrupted;
      await pause(everySeconds * 1000 - (performance.now() - began), stop);
      if (stop.aborted) return exitCodes.done;
    }
  }
}
