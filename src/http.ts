#!/usr/bin/env bun
/** bun run serve: the web server. The program is web/serve.ts. */
import { runProgram } from "./program/run_program.ts";

await runProgram({ name: "serve", fromSources: async () => await import("./web/serve.ts") });
