/** What is known of a directory's servers between two commands: DIR/cluster.json. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../cli/arguments.ts";
import type { ProcessGroup } from "./process_group.ts";

export interface ServerState {
  readonly port: number;
  /** The processes as they were when the server was last started; null after `down`. */
  readonly group: ProcessGroup | null;
}

export interface ClusterState {
  readonly servers: readonly ServerState[];
}

/** Version of the file's form; another one is refused rather than guessed at. */
const schema = 1;

export function clusterFile(directory: string): string {
  return join(directory, "cluster.json");
}

/** The state kept in the directory, or null when no servers were ever started there. Throws UsageError for a broken file. */
export function readClusterState(directory: string): ClusterState | null {
  const file = clusterFile(directory);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`);
  }
  const servers = parseState(text);
  if (servers === null) throw new UsageError(`${file} is not a file that chirp_cluster wrote; give another --dir`);
  return { servers };
}

/** Replaces the state at once: whoever reads sees the old one or the new one. */
export function writeClusterState(directory: string, { servers }: ClusterState): void {
  const file = clusterFile(directory);
  writeFileSync(`${file}.new`, `${JSON.stringify({ schema, servers }, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

function parseState(text: string): readonly ServerState[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (!isObject(value) || value["schema"] !== schema || !Array.isArray(value["servers"])) return null;
  const servers: unknown[] = value["servers"];
  return servers.every(isServerState) ? servers : null;
}

function isServerState(value: unknown): value is ServerState {
  return isObject(value) && Number.isInteger(value["port"]) && (value["group"] === null || isGroup(value["group"]));
}

function isGroup(value: unknown): value is ProcessGroup {
  // A group of 1 or less would be everybody's: kill(-1) reaches every process there is.
  if (!isObject(value) || !Number.isInteger(value["id"]) || (value["id"] as number) <= 1) return false;
  return typeof value["started"] === "string" && typeof value["boot"] === "string";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
