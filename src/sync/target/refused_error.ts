import type { Ending } from "../output/report.ts";

/** Why a run does not begin, though the server is well. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly ending: Ending;

  constructor(ending: Ending) {
    super(ending.message);
    this.ending = ending;
  }
}
