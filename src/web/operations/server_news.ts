/** Which changes of a server's state are worth a line of the log: what is new, and not the ups and downs of a server that stays away. */
import type { Replica } from "../../replicas/replicas.ts";

/** To be told of each change. A server that is tried again and again is mentioned again only when it fails in another way. */
export function createServerNews(log: (line: string) => void): (replica: Replica) => void {
  const said = new WeakMap<Replica, string>();
  return (replica) => {
    const news = newsOf(replica);
    if (news === null || said.get(replica) === news) return;
    said.set(replica, news);
    log(`${replica.server} ${news}`);
  };
}

/** Null: it will be known in a moment. */
function newsOf({ server, state, lastFailure }: Replica): string | null {
  switch (state) {
    case "trial":
      return null;
    case "well":
      return "is well";
    case "suspect":
      return "is slow to answer";
    case "ejected":
      // "Cannot whoami on hostA:9094: …": the line begins with the name already.
      return `is not used: ${(lastFailure?.message ?? "").replace(` on ${server}:`, ":")}`;
  }
}
