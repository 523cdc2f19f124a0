/** What befalls the servers of a simulation, and when. */
import type { ChirpModel, Condition } from "./chirp_model.ts";
import type { VirtualTime } from "./virtual_time.ts";

export interface Fault {
  readonly name: string;
  inflict(servers: readonly ChirpModel[], time: VirtualTime): void;
}

/** Everything has settled by then. */
const BEGIN_MS = 2_000;
const LENGTH_MS = 5_000;
const FLAP_DOWN_MS = 400;
const FLAP_UP_MS = 1_600;

/** From the beginning to the end of the fault all of them are in that condition. */
function during(condition: Condition, howMany: (servers: number) => number) {
  return (servers: readonly ChirpModel[], time: VirtualTime): void => {
    const victims = servers.slice(0, howMany(servers.length));
    time.after(BEGIN_MS, () => victims.forEach((server) => server.change(condition)));
    time.after(BEGIN_MS + LENGTH_MS, () => victims.forEach((server) => server.change("up")));
  };
}

const one = () => 1;
const third = (servers: number) => Math.floor(servers / 3);

export const faults: readonly Fault[] = [
  { name: "none", inflict: () => undefined },
  { name: "one crashes", inflict: during("down", one) },
  { name: "one hangs", inflict: during("hung", one) },
  { name: "one is 100 × slower", inflict: during("slow", one) },
  { name: "one flaps", inflict: flap },
  { name: "a third crashes at once", inflict: during("down", third) },
  { name: "a third hangs at once", inflict: during("hung", third) },
];

function flap([server]: readonly ChirpModel[], time: VirtualTime): void {
  for (let at = BEGIN_MS; at < BEGIN_MS + LENGTH_MS; at += FLAP_DOWN_MS + FLAP_UP_MS) {
    time.after(at, () => server?.change("down"));
    time.after(at + FLAP_DOWN_MS, () => server?.change("up"));
  }
}
