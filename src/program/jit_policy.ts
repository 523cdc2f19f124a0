/**
 * How eager JavaScriptCore is to compile. A run of a tenth of a second ends before what it compiles has paid off, and compiling shares the cores
 * with the Chirp servers: reluctant, a synchronisation without changes takes a tenth less time. A function that is really used much
 * is compiled all the same.
 */

/** Times as often a function is to run before it is compiled. */
const RELUCTANT = 100;

/** For the start, of a thread each; the whole run when it is a short one. */
export function delayCompiling(): void {
  Bun.unsafe.setJITPolicy(RELUCTANT);
}

/** For what goes on. */
export function compileAsUsual(): void {
  Bun.unsafe.setJITPolicy(1);
}
