/**
 * The client of a lying server, in a process of its own: `bun lied_to.ts '{"host":…,"call":…}'`. Makes the call that is lied to,
 * then an honest one, and prints what became of them as JSON.
 */
import { readdirSync } from "node:fs";
import { ChirpError } from "../../src/errors.ts";
import { openChirp, READ, WRITE, type Chirp, type ChirpFile } from "../../src/ffi.ts";
import { decodeListing } from "../../src/chirp/listing.ts";

/** What argv says. */
export interface Task {
  readonly host: string;
  readonly call: CallName;
  readonly auth: readonly string[];
  readonly timeoutSeconds: number;
}

/** A call's value, or its failure. */
export type Outcome = { readonly value: unknown } | { readonly code: string; readonly blame: string };

export interface Report {
  readonly lie: Outcome;
  readonly lieMs: number;
  /** The size of /honest, which is 4711. */
  readonly honest: Outcome;
  /** File descriptors more than before, the one connection not counted. */
  readonly leakedDescriptors: number;
}

export const FILE_SIZE = 10;
export const HONEST_SIZE = 4711;

/** Opened before the lie, which is about reading and writing. */
function withFile(chirp: Chirp, flags: number, use: (file: ChirpFile) => unknown): () => unknown {
  const file = chirp.open("/file", flags);
  return () => use(file);
}

const calls = {
  stat: (chirp) => () => chirp.stat("/lie"),
  list: (chirp) => () => decodeListing(chirp.list("/lie", undefined, 1 << 20)),
  getFile: (chirp) => () => {
    const bytes = Buffer.alloc(FILE_SIZE);
    chirp.getFile("/lie", bytes);
    return bytes.toString("latin1");
  },
  putFile: (chirp) => () => chirp.putFile("/lie", Buffer.from("0123456789"), 0o644),
  putLargeFile: (chirp) => () => chirp.putFile("/lie", Buffer.alloc(32 << 20), 0o644),
  open: (chirp) => () => chirp.open("/lie", READ).stat,
  pread: (chirp) =>
    withFile(chirp, READ, (file) => {
      const bytes = Buffer.alloc(16);
      return bytes.toString("latin1", 0, file.pread(bytes, 0));
    }),
  pwrite: (chirp) => withFile(chirp, WRITE, (file) => file.pwrite(Buffer.from("0123456789"), 0)),
  fstat: (chirp) => withFile(chirp, READ, (file) => file.fstat()),
  close: (chirp) => withFile(chirp, READ, (file) => file.close()),
  hash: (chirp) => () => chirp.hash("/lie", "sha1"),
  readlink: (chirp) => () => chirp.readlink("/lie"),
  getAcl: (chirp) => () => chirp.getAcl("/lie"),
  rename: (chirp) => () => chirp.rename("/lie", "/lie2"),
  unlink: (chirp) => () => chirp.unlink("/lie"),
  whoami: (chirp) => () => chirp.whoami(),
  thirdput: (chirp) => () => chirp.thirdput("/lie", "host", "/lie"),
} satisfies Record<string, (chirp: Chirp) => () => unknown>;

export type CallName = keyof typeof calls;

function outcomeOf(call: () => unknown): Outcome {
  try {
    return { value: call() ?? null };
  } catch (error) {
    if (!(error instanceof ChirpError)) throw error;
    return { code: error.code, blame: error.blame };
  }
}

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

if (import.meta.main) {
  const { host, call, auth, timeoutSeconds } = JSON.parse(process.argv[2]!) as Task;
  const chirp = openChirp({ host, auth, connectTimeoutSeconds: 1, timeoutSeconds });
  const before = openDescriptors();
  const lieOnce = calls[call](chirp);
  const started = performance.now();
  const lie = outcomeOf(lieOnce);
  const lieMs = Math.round(performance.now() - started);
  const honest = outcomeOf(() => chirp.stat("/honest").size);
  chirp[Symbol.dispose]();
  const report: Report = { lie, lieMs, honest, leakedDescriptors: openDescriptors() - before };
  console.log(JSON.stringify(report));
}
