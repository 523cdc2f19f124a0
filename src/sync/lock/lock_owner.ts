/** Who holds a lock, in the name of a file, so that a listing tells it. */

/**
 * One holder: the machine (or container), the process there, when that process began, and a number for this one lock.
 *
 *     3f9a0c1d22b7-4711-83920114-a1b2c3d4
 */
export interface LockOwner {
  readonly machine: string;
  readonly pid: number;
  readonly startTime: string;
  readonly nonce: string;
}

/** Loaded when a lock is to be taken: a run with nothing to do takes none, and is over sooner. */
const fs = () => process.getBuiltinModule("node:fs");

/** Locks that this process holds now. */
const heldHere = new Set<string>();

export function newLockOwner(): LockOwner {
  const nonce = crypto.getRandomValues(new Uint8Array(4)).toHex();
  heldHere.add(nonce);
  return { machine: machineName(), pid: process.pid, startTime: startTimeOf(process.pid) ?? "0", nonce };
}

/** This process holds it no longer. */
export function forgetLockOwner(owner: LockOwner): void {
  heldHere.delete(owner.nonce);
}

export function formatLockOwner({ machine, pid, startTime, nonce }: LockOwner): string {
  return `${machine}-${pid}-${startTime}-${nonce}`;
}

export function parseLockOwner(name: string): LockOwner | null {
  const match = /^([0-9a-f]{12})-(\d{1,10})-(\d{1,20})-([0-9a-f]{8})$/.exec(name);
  if (match === null) return null;
  return { machine: match[1]!, pid: Number(match[2]), startTime: match[3]!, nonce: match[4]! };
}

/**
 * "alive" and "dead" are known of processes of this machine only; of others there is only the heartbeat.
 */
export function stateOfOwner(owner: LockOwner): "alive" | "dead" | "elsewhere" {
  if (owner.machine !== machineName()) return "elsewhere";
  if (owner.pid === process.pid && owner.startTime === (startTimeOf(process.pid) ?? "0")) {
    return heldHere.has(owner.nonce) ? "alive" : "dead";
  }
  return startTimeOf(owner.pid) === owner.startTime ? "alive" : "dead";
}

/** The same for all processes that see each other's numbers: machine, boot and process-number space. */
function machineName(): string {
  const parts = [
    readOrEmpty(() => fs().readFileSync("/etc/machine-id", "utf8")),
    readOrEmpty(() => fs().readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    readOrEmpty(() => fs().readlinkSync("/proc/self/ns/pid")),
  ];
  return new Bun.CryptoHasher("sha256").update(parts.join("\n")).digest("hex").slice(0, 12);
}

function readOrEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    // Not every container has all three; what is left still tells machines apart.
    return "";
  }
}

/** Clock ticks since boot at which a process began: a number that is used again has another. Null: no such process. */
function startTimeOf(pid: number): string | null {
  try {
    const text = fs().readFileSync(`/proc/${pid}/stat`, "latin1");
    // The program's name, in parentheses, may hold anything; the 22nd field is the 20th behind it.
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
