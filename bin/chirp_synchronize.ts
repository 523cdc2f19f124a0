#!/usr/bin/env bun
/** chirp_synchronize: makes directories of Chirp servers equal to one of another. The program is src/sync/chirp_synchronize.ts. */
import { runProgram } from "../src/program/run_program.ts";

await runProgram({
  name: "chirp_synchronize",
  fromSources: async () => await import("../src/sync/chirp_synchronize.ts"),
  // One for the source, one for the target.
  workers: 2,
});
