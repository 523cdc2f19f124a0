/**
 * One run per target at a time: a directory `lock` in the target's staging place. In it a file names the holder; its time, in the
 * server's clock, is the heartbeat. The directory is made under another name, with the file in it, and renamed: that succeeds for one
 * only, since no rename replaces a directory that has something in it. So a lock without a file is one being given back.
 */
import { joinPath } from "../../chirp/byte_path.ts";
import { ChirpError } from "../../errors.ts";
import type { BytePath, DirectoryEntry } from "../../protocol.ts";
import {
  forgetLockOwner,
  formatLockOwner,
  type LockOwner,
  newLockOwner,
  parseLockOwner,
  stateOfOwner,
} from "./lock_owner.ts";
import { doneWhenThere, listDirectory, lstatOrNull, nullWhenMissing, type Store } from "../store/store.ts";

/** Six of these missed make a lock stale. */
const HEARTBEAT_MS = 10_000;
const STALE_SECONDS = 60;
/** By so much the two clocks of this machine may drift apart, or one be set, before the server's is asked again. */
const CLOCKS_APART_MS = 5000;
const LOCK_MODE = 0o755;

/** Somebody else synchronises to this target now. */
export class LockedError extends Error {
  override readonly name = "LockedError";
}

export interface Lock {
  /** Rejects when the lock is lost: another run has taken it over, since the heartbeat was silent too long. */
  readonly lost: Promise<never>;
  release(): Promise<void>;
  /** Leaves it behind, since the server is out of reach: the next run of this machine takes it over at once. */
  abandon(): void;
}

export interface LockOptions {
  readonly store: Store;
  /** The staging place; it exists. */
  readonly place: BytePath;
  readonly warn: (message: string) => void;
}

/** Whether an entry of the staging place is one of those that last as long as a lock is being taken. */
export function isOfLocking(name: BytePath): boolean {
  return /^(claim|stale|time)-/.test(name);
}

/** The lock, or LockedError when another run holds it. One whose holder is dead is taken over with a warning. */
export async function takeLock({ store, place, warn }: LockOptions): Promise<Lock> {
  const lock = joinPath(place, "lock");
  const owner = newLockOwner();
  const holder = formatLockOwner(owner);
  const claim = joinPath(place, `claim-${owner.nonce}`);
  try {
    await doneWhenThere(store.call({ kind: "mkdir", path: claim, mode: LOCK_MODE }));
    await store.call({ kind: "putFile", path: joinPath(claim, holder), bytes: new Uint8Array([10]), mode: 0o644 });
    for (let attempt = 0; !(await renameClaim(store, claim, lock, holder)); attempt++) {
      if (attempt === 2)
        throw new LockedError(`${store.server}: another run took the lock "${lock}" at the same moment`);
      await takeOver({ store, place, warn }, lock, owner.nonce);
    }
    const { mtime } = await store.call({ kind: "lstat", path: joinPath(lock, holder) });
    return holdLock({ store, place, warn }, lock, owner, mtime, () => forgetLockOwner(owner));
  } catch (error) {
    forgetLockOwner(owner);
    await removeClaim(store, claim, holder);
    throw error;
  }
}

/** On a disk that is full each run would leave one more. What stays all the same goes with the next run that takes the lock. */
async function removeClaim(store: Store, claim: BytePath, holder: string): Promise<void> {
  for (const operation of [
    { kind: "unlink", path: joinPath(claim, holder) },
    { kind: "rmdir", path: claim },
  ] as const) {
    try {
      await store.call(operation);
    } catch (error) {
      // That the lock was not to be had, and why, is what is told.
      if (!(error instanceof ChirpError)) throw error;
    }
  }
}

function holdLock(
  { store, place }: LockOptions,
  lock: BytePath,
  owner: LockOwner,
  mtime: number,
  forget: () => void,
): Lock {
  const name = joinPath(lock, formatLockOwner(owner));
  let taken = { server: mtime, here: performance.now(), wall: Date.now() };
  const { promise: lost, reject } = Promise.withResolvers<never>();
  lost.catch(() => undefined);
  let beat: Promise<void> = Promise.resolve();
  let isAsking = false;
  const beatOnce = async () => {
    const elapsedMs = performance.now() - taken.here;
    // A machine that sleeps does not count the time: by that alone the heartbeat would look old for ever.
    if (Math.abs(Date.now() - taken.wall - elapsedMs) > CLOCKS_APART_MS) {
      isAsking = true;
      const server = await serverTimeOrNull(store, joinPath(place, `time-${owner.nonce}`));
      isAsking = false;
      if (server !== null) taken = { server, here: performance.now(), wall: Date.now() };
    }
    const now = taken.server + Math.floor((performance.now() - taken.here) / 1000);
    await store.call({ kind: "utime", path: name, mtime: now });
  };
  const timer = setInterval(() => {
    // Where the server is away meanwhile, all would ask for its time, under one name.
    if (isAsking) return;
    beat = beatOnce().catch((error: unknown) => {
      const isTaken = error instanceof ChirpError && error.code === "ENOENT";
      reject(isTaken ? new LockedError(`${store.server}: another run has taken over the lock "${lock}"`) : error);
    });
  }, HEARTBEAT_MS);
  const abandon = () => {
    clearInterval(timer);
    forget();
  };
  return {
    lost,
    abandon,
    async release() {
      abandon();
      await beat;
      await nullWhenMissing(store.call({ kind: "unlink", path: name }));
      await nullWhenMissing(store.call({ kind: "rmdir", path: lock }));
    },
  };
}

/** False: there is a lock already. */
async function renameClaim(store: Store, claim: BytePath, lock: BytePath, holder: string): Promise<boolean> {
  try {
    await store.call({ kind: "rename", path: claim, newPath: lock });
    return true;
  } catch (error) {
    // Servers name this refusal differently; that there is a lock is what counts.
    if (!(error instanceof ChirpError) || error.blame !== "path" || (await lstatOrNull(store, lock)) === null)
      throw error;
    // Where the claim is gone, the lock may be ours: the answer to a first try was lost.
    return error.code === "ENOENT" && (await lstatOrNull(store, joinPath(lock, holder))) !== null;
  }
}

/** Moves a stale lock away, so that the next rename can succeed. LockedError when it is not stale. */
async function takeOver({ store, place, warn }: LockOptions, lock: BytePath, nonce: string): Promise<void> {
  const holders = await nullWhenMissing(listDirectory(store, lock));
  if (holders === null) return;
  const [holder] = holders;
  const reason = holder === undefined ? null : await whyStale(store, place, holder, nonce);
  if (holder !== undefined && reason === null) {
    throw new LockedError(`${store.server}: another run holds the lock "${lock}" (${holder.name}); wait for it to end`);
  }
  const moved = joinPath(place, `stale-${nonce}`);
  await nullWhenMissing(store.call({ kind: "rename", path: lock, newPath: moved }));
  // Whether what was moved, if it was this run that moved it, is what was looked at shows only now.
  const there = await nullWhenMissing(listDirectory(store, moved));
  if (there === null) return;
  if (there[0] !== undefined && there[0].name !== holder?.name) {
    await store.call({ kind: "rename", path: moved, newPath: lock });
    throw new LockedError(`${store.server}: another run took the lock "${lock}" at the same moment`);
  }
  if (reason !== null) warn(`took over the lock "${lock}": ${reason}`);
}

async function whyStale(store: Store, place: BytePath, holder: DirectoryEntry, nonce: string): Promise<string | null> {
  const owner = parseLockOwner(holder.name);
  const state = owner === null ? "elsewhere" : stateOfOwner(owner);
  if (state === "alive") return null;
  if (state === "dead") return "its holder, a process of this machine, is dead";
  const age = (await serverTime(store, joinPath(place, `time-${nonce}`))) - holder.stat.mtime;
  return age > STALE_SECONDS ? `no heartbeat for ${age} s` : null;
}

/** The server's own clock, from a file written just now: clocks of two machines cannot be compared. */
async function serverTime(store: Store, path: BytePath): Promise<number> {
  await store.call({ kind: "putFile", path, bytes: new Uint8Array([10]), mode: 0o644 });
  const { mtime } = await store.call({ kind: "lstat", path });
  await nullWhenMissing(store.call({ kind: "unlink", path }));
  return mtime;
}

/**
 * Null where it cannot be had: the disk is full, or the file that it takes is gone again, because the whole place is or because a server
 * removes late what came over a connection that broke. Whether a lock is lost, its holder's name alone tells.
 */
async function serverTimeOrNull(store: Store, path: BytePath): Promise<number | null> {
  try {
    return await serverTime(store, path);
  } catch (error) {
    if (error instanceof ChirpError && error.blame === "path") return null;
    throw error;
  }
}
