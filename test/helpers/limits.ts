/** Loaded before every test file (bunfig.toml). */
import { setDefaultTimeout } from "bun:test";

/** A test that takes longer hangs, which is a failure: Bun's own 5 s are short for real servers on a busy machine. */
setDefaultTimeout(60_000);
