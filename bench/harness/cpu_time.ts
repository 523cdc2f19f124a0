/** CPU time of processes, which a machine that is busy with other things blurs much less than elapsed time. */
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks of Linux, as /proc shows them. */
const TICKS_PER_SECOND = 100;

/** Seconds of CPU, user and system, that a process and its living children have used so far. */
export function cpuSeconds(pid: number): number {
  const pids = [pid, ...childrenOf(pid)];
  return pids.reduce((sum, each) => sum + ticksOf(each), 0) / TICKS_PER_SECOND;
}

/** Fields 14 and 15 of /proc/PID/stat, counted from behind the name, which may hold anything. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number),
  );
}
