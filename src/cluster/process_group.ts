/**
 * Process groups: a Chirp server forks a child for every connection, and only a signal to the whole group means all of it.
 * A group is known by more than its number, since numbers are used again: a stale note must never kill somebody else's.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface ProcessGroup {
  /** The process id of the leader, which is the number of the group. */
  readonly id: number;
  /** When the leader was started, in clock ticks after the boot, as /proc tells it. */
  readonly started: string;
  /** Which boot those ticks count from. */
  readonly boot: string;
}

interface ProcessStatus {
  readonly id: number;
  readonly name: string;
  readonly zombie: boolean;
  readonly group: number;
  readonly started: string;
}

/** How often the end of a group is looked for. Nothing in /proc tells of it by itself. */
const pollMs = 5;

/** The group that a process just started by us leads; null when it has ended already. */
export function groupOf(leader: number): ProcessGroup | null {
  const status = readStatus(leader);
  return status === null ? null : { id: leader, started: status.started, boot: bootId() };
}

/** The ids of the processes of the group that still run; none when the group has gone, whoever has its number now. */
export function membersOf(group: ProcessGroup, programName: string): readonly number[] {
  if (group.boot !== bootId()) return [];
  const leader = readStatus(group.id);
  // As long as one member lives the kernel gives the number to nobody else: another leader means that all are gone.
  if (leader !== null && leader.started !== group.started) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStatus(Number(name)))
    .filter((status) => status !== null)
    .filter((status) => status.group === group.id && !status.zombie && status.name === programName)
    .map((status) => status.id);
}

/** Sends the signal to every process of the group; false when there is none left. */
export function signalGroup(group: ProcessGroup, programName: string, signal: NodeJS.Signals): boolean {
  if (membersOf(group, programName).length === 0) return false;
  try {
    process.kill(-group.id, signal);
    return true;
  } catch (error) {
    // It ended between the look and the signal.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** Kills the group at once and waits until its last process is gone; throws when it is not after limitMs. */
export async function killGroup(group: ProcessGroup, programName: string, limitMs = 5000): Promise<void> {
  const deadline = performance.now() + limitMs;
  // Again and again: a process that was just being forked misses the first signal.
  while (signalGroup(group, programName, "SIGKILL")) {
    if (performance.now() > deadline) {
      throw new Error(`process group ${group.id} (${programName}) is still there ${limitMs} ms after SIGKILL`);
    }
    await sleep(pollMs);
  }
}

let boot: string | undefined;

function bootId(): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return boot;
}

function readStatus(id: number): ProcessStatus | null {
  let line: string;
  try {
    line = readFileSync(`/proc/${id}/stat`, "utf8");
  } catch (error) {
    // ESRCH: it ended while its file was being read.
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
  return { id, ...parseStatus(line) };
}

/** A line of /proc/PID/stat: `12 (na me) S 1 12 12 … started …`; the name may hold blanks and parentheses. */
export function parseStatus(line: string): Omit<ProcessStatus, "id"> {
  const nameEnd = line.lastIndexOf(")");
  const name = line.slice(line.indexOf("(") + 1, nameEnd);
  const fields = line.slice(nameEnd + 2).split(" ");
  // proc(5) counts from 1 and these begin with field 3: state is 3, pgrp 5, starttime 22.
  const [state, group, started] = [fields[0], fields[2], fields[19]];
  if (state === undefined || group === undefined || started === undefined) {
    throw new Error(`unexpected line in /proc: ${line}`);
  }
  return { name, zombie: state === "Z" || state === "X", group: Number(group), started };
}
