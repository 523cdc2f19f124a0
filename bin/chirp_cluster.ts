#!/usr/bin/env bun
/** Private Chirp servers on this machine, for the demo, the tests and trying things out. */
import { resolve } from "node:path";
import { type Program, UsageError } from "../src/cli/arguments.ts";
import { commandGroup, programCommand, runMain } from "../src/cli/command.ts";
import { parseCount, parsePort, parseText } from "../src/cli/values.ts";
import { clusterDown, clusterStatus, clusterUp, serversText } from "../src/cluster/cluster.ts";
import { version } from "../src/version.ts";

/** Each server is two processes at rest and 20 MB more a connection. */
const maxServers = 100;

const dir = {
  type: "value",
  letter: "d",
  hint: "DIR",
  parse: parseText,
  description: "where the servers keep their files, and what was started is noted",
  defaultHint: "none, must be given",
} as const;

const general = {
  name: "chirp_cluster",
  version,
  description: `Private Chirp servers on this machine, bound to 127.0.0.1 and advertised nowhere.

  up      starts them in the background, writes DIR/servers.txt and prints it; what runs already is
          left as it is, what has died comes back on its port with its files
  down    ends them all; their files stay in DIR
  status  says which are alive; exit code 1 when one is not

"chirp_cluster COMMAND --help" shows the options of each.`,
  positionals: { usage: "up|down|status --dir DIR", min: 1, max: 1 },
  options: {},
} as const satisfies Program;

const upProgram = {
  name: "chirp_cluster up",
  version,
  description: "Starts private Chirp servers in the background, writes DIR/servers.txt and prints it.",
  options: {
    number: {
      type: "value",
      letter: "n",
      hint: "N",
      parse: (text, option) => parseCount(text, option, { min: 1, max: maxServers }),
      description: "how many servers",
      defaultHint: "as many as there were, else 3",
    },
    dir,
    "base-port": {
      type: "value",
      hint: "P",
      parse: parsePort,
      description: "port of the first server; the others follow",
      defaultHint: "the ports they had, else free ones",
    },
  },
} as const satisfies Program;

const downProgram = {
  name: "chirp_cluster down",
  version,
  description: "Ends all servers of DIR; their files stay.",
  options: { dir },
} as const satisfies Program;

const statusProgram = {
  name: "chirp_cluster status",
  version,
  description: "Says which servers of DIR are alive; exit code 1 when one is not.",
  options: { dir },
} as const satisfies Program;

const up = programCommand(upProgram, async ({ options }) => {
  const { number: count, basePort } = options;
  if (basePort !== null && (basePort === 0 || basePort + (count ?? maxServers) > 65_536)) {
    throw new UsageError(`--base-port "${basePort}" leaves no room for the servers' ports; the last one is 65535`);
  }
  const state = await clusterUp({ directory: directoryOf(options), count, basePort, endWithUs: false });
  process.stdout.write(serversText(state));
});

const down = programCommand(downProgram, async ({ options }) => {
  const ended = await clusterDown(directoryOf(options));
  console.log(`${ended} ${ended === 1 ? "server" : "servers"} ended`);
});

const status = programCommand(statusProgram, async ({ options }) => {
  const servers = await clusterStatus(directoryOf(options));
  for (const { host, state, processGroup } of servers) {
    console.log(`${host} ${state}${processGroup === null ? "" : ` (process group ${processGroup})`}`);
  }
  process.exitCode = servers.every(({ state }) => state === "running") ? 0 : 1;
});

function directoryOf({ dir: directory }: { readonly dir: string | null }): string {
  if (directory === null) throw new UsageError("--dir is missing: it says where the servers keep their files");
  return resolve(directory);
}

await runMain(general, commandGroup(general, { up, down, status }));
