import { ownName } from "./server_account.ts";

/** Every right that Chirp knows: read, write, list, delete, put, administer, execute. */
const allRights = "rwldpax";

/** For tests: whoever reaches the server, and nobody can but over the loopback, may do everything. */
export const everybodyMayAll: readonly string[] = ["unix", "hostname", "address"].map(
  (method) => `${method}:* ${allRights}`,
);

/** For servers that a person runs: we may do everything, other users of this machine may look. */
export function onlyWeMayWrite(): readonly string[] {
  const name = ownName();
  if (name === null) return everybodyMayAll;
  return [`unix:${name} ${allRights}`, "unix:* rl", "hostname:* rl", "address:* rl"];
}
