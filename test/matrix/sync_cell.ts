/** One cell of the synchroniser: a server breaks while it is being read or written, and every promise still holds. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "bun:test";
import type { TestServer } from "../helpers/cluster.ts";
import { run } from "../helpers/run.ts";
import type { Rest, Trip, Tripped } from "../helpers/tripwire_proxy.ts";
import { type FaultName, type LieName, type Moment, type SyncOperation, tripOf } from "./cells.ts";
import type { Laboratory } from "./laboratory.ts";
import { nobody, takeBack, tell } from "./lie_cell.ts";

export const sourceDirectory = "/source";
const SMALL_FILES = 10;
/** Above what goes in one piece (16 MiB): read and written in chunks. */
const LARGE_BYTES = 20 * 1024 * 1024;
const oldTime = 1_500_000_000;
const newTime = 1_600_000_000;

/** Seconds: a silent server is given up, tries included; above that the machine is slow or a promise broken. */
const options = ["-r", "--json", "--settle", "0", "--timeout", "3", "--contimeout", "2", "--retries", "0"];
const RUN_LIMIT_MS = 30_000;
const STAGING = ".__chirpsync";
/** What the run that was broken left behind is taken over, with a warning. */
const lockTaken = /^chirp_synchronize: warning: .*: took over the lock .* is dead\n/gm;
const program = join(import.meta.dir, "../../bin/chirp_synchronize.ts");

let cells = 0;

/** The same on every server, so that each can be the source. */
export function plantSources(server: TestServer): void {
  for (const [name, bytes] of files("new")) server.plant(`${sourceDirectory}/${name}`, bytes, { mtime: newTime });
}

export async function runSyncCell(
  lab: Laboratory,
  operation: SyncOperation,
  fault: FaultName,
  moment: Moment,
): Promise<void> {
  const trip = tripOf(operation, moment);
  // The server has done what it was asked for, and its answer is lost: that may have been the last thing there was to do.
  const mayBeComplete = moment === "inside a read" && !isReading(operation);
  await runBroken(lab, operation, {
    trip,
    begin: (_, tripped) => lab.breakIt(fault, tripped),
    end: lab.mend,
    mayBeComplete,
  });
}

export async function runSyncLieCell(
  lab: Laboratory,
  operation: SyncOperation,
  lie: LieName,
  moment: Moment,
): Promise<void> {
  const trip = tripOf(operation, moment);
  // What was read before its place was closed is right, though nobody can be sure of it.
  const mayBeComplete = true;
  if (isReading(operation)) {
    const path = `${sourceDirectory}/${operation === "sync read" ? "file0.html" : "large.bin"}`;
    await runBroken(lab, operation, {
      // Of the small ones, the one that is lied about.
      trip: operation === "sync read" && trip !== null ? { ...trip, line: /\/file0\.html$/ } : trip,
      begin: () => tell(lab, lie, path),
      end: async () => {
        lab.wire.disarm();
        takeBack(lab, path);
      },
      mayBeComplete,
    });
    return;
  }
  if (lie !== "directory closed") throw new Error(`no target is told that it has ${lie}`);
  let closed: string | null = null;
  await runBroken(lab, operation, {
    trip,
    begin: async (target) => {
      closed = target;
      lab.broken.plantDirectory(target, { acl: nobody });
    },
    end: async () => {
      lab.wire.disarm();
      if (closed !== null) lab.broken.plantDirectory(closed);
    },
    mayBeComplete,
  });
}

function isReading(operation: SyncOperation): boolean {
  return operation === "sync read" || operation === "large sync read";
}

interface Breaking {
  /** null: it is so from the start. */
  readonly trip: Trip | null;
  begin(target: string, tripped?: Tripped): Promise<Rest | void>;
  end(): Promise<void>;
  /** Whether everything may be there although the run says that it failed. */
  readonly mayBeComplete?: boolean;
}

async function runBroken(lab: Laboratory, operation: SyncOperation, breaking: Breaking): Promise<void> {
  const { trip, begin, end, mayBeComplete = false } = breaking;
  const target = `/target${++cells}`;
  const [source, ...targets] = isReading(operation)
    ? [lab.broken, lab.well, lab.third]
    : [lab.well, lab.broken, lab.third];
  for (const each of targets) plantTarget(each, target);
  const sourceBefore = [...treeOf(source, sourceDirectory)];
  const hostOf = (server: TestServer) => (server === lab.broken ? lab.brokenHost : server.host);
  const words = [hostOf(source), sourceDirectory, ...targets.flatMap((each) => [hostOf(each), target])];
  try {
    if (trip === null) await begin(target);
    else void lab.wire.arm(trip, (tripped) => begin(target, tripped));
    const broken = await runOnce(words);
    if (trip !== null && !lab.wire.hasTripped) throw new Error(`the moment never came: ${trip.names.join(" or ")}`);
    await end();

    const wanted = treeOf(source, sourceDirectory);
    expect([...wanted]).toEqual(sourceBefore);
    for (const each of targets) {
      const found = treeOf(each, target);
      // Old or new, never something between: promise 1.
      const older = new Map(files("old").map(([name, bytes]) => [name, describe(bytes)]));
      const torn = [...found].filter(([name, text]) => text !== wanted.get(name) && text !== older.get(name));
      expect({ host: each.host, torn }).toEqual({ host: each.host, torn: [] });
      const exit = broken.exits.get(hostOf(each)) ?? broken.exitCode;
      const isComplete = isEqual(found, wanted) && !(mayBeComplete && exit !== 0);
      expect({ host: each.host, isComplete, exit }).toEqual({ host: each.host, isComplete: exit === 0, exit });
      // Who is well is complete, whatever becomes of the other: promise 7.
      if (!isReading(operation) && each === lab.third) expect({ third: exit }).toEqual({ third: 0 });
    }

    const again = await runOnce(words);
    expect([again.exitCode, again.stderr.replace(lockTaken, "")]).toEqual([0, ""]);
    for (const each of targets) {
      expect([...treeOf(each, target)]).toEqual([...wanted]);
      expect(existsSync(join(each.diskPath(target).toString(), STAGING))).toBe(false);
    }
  } finally {
    await end();
  }
}

interface SyncOutcome {
  readonly exitCode: number;
  readonly stderr: string;
  /** By replica. */
  readonly exits: ReadonlyMap<string, number>;
}

async function runOnce(words: readonly string[]): Promise<SyncOutcome> {
  const { exitCode, stdout, stderr } = await run([process.execPath, program, ...options, ...words], {
    limitMs: RUN_LIMIT_MS,
  });
  const objects = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { replica?: string; event?: string; exit?: number });
  const ends = objects.filter(
    ({ replica, event, exit }) => event === undefined && replica !== undefined && exit !== undefined,
  );
  return { exitCode, stderr, exits: new Map(ends.map(({ replica, exit }) => [replica!, exit!])) };
}

function files(age: "old" | "new"): [name: string, bytes: Buffer][] {
  const small = Array.from({ length: SMALL_FILES }, (_, index): [string, Buffer] => [
    `${index % 2 === 0 ? "" : "below/"}file${index}.html`,
    Buffer.from(`${age} file ${index} `.repeat(400)),
  ]);
  return [...small, ["large.bin", Buffer.alloc(LARGE_BYTES, `${age} large file, `)]];
}

/** Some of the files, as they were. */
function plantTarget(server: TestServer, directory: string): void {
  server.plantDirectory(directory);
  for (const [index, [name, bytes]] of files("old").entries()) {
    if (index % 3 !== 1) server.plant(`${directory}/${name}`, bytes, { mtime: oldTime });
  }
}

function treeOf(server: TestServer, directory: string): Map<string, string> {
  const root = server.diskPath(directory).toString();
  const names = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => !name.includes(".__"));
  const tree = new Map<string, string>();
  for (const name of names.toSorted()) {
    if (name !== "below") tree.set(name, describe(readFileSync(join(root, name))));
  }
  return tree;
}

function describe(bytes: Buffer): string {
  return `${bytes.length} ${Bun.hash(bytes).toString(16)}`;
}

function isEqual(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([name, text]) => other.get(name) === text);
}
