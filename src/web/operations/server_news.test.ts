import { expect, test } from "bun:test";
import type { Replica, ReplicaState } from "../../replicas/replicas.ts";
import { createServerNews } from "./server_news.ts";

function replicaOf(server: string) {
  return { server, state: "trial" as ReplicaState, lastFailure: null as { message: string } | null };
}

function told() {
  const lines: string[] = [];
  const tell = createServerNews((line) => lines.push(line));
  const enter = (replica: ReturnType<typeof replicaOf>, state: ReplicaState, message?: string) => {
    replica.state = state;
    if (message !== undefined) replica.lastFailure = { message };
    tell(replica as unknown as Replica);
  };
  return { lines, enter };
}

test("what a server becomes, and why", () => {
  const { lines, enter } = told();
  const a = replicaOf("a:1");
  enter(a, "well");
  enter(a, "suspect");
  enter(a, "ejected", "connection lost");
  enter(a, "trial");
  enter(a, "well");
  expect(lines).toEqual(["a:1 is well", "a:1 is slow to answer", "a:1 is not used: connection lost", "a:1 is well"]);
});

test("one that is tried again and again is mentioned once, and again when it fails in another way", () => {
  const { lines, enter } = told();
  const a = replicaOf("a:1");
  const b = replicaOf("b:1");
  for (let round = 0; round < 5; round++) {
    enter(a, "ejected", "authentication refused");
    enter(a, "trial");
    enter(b, "ejected", "connection refused");
  }
  enter(a, "ejected", "connection refused");
  const first = ["a:1 is not used: authentication refused", "b:1 is not used: connection refused"];
  expect(lines).toEqual([...first, "a:1 is not used: connection refused"]);
});

test("a line names the server once, whatever the reason says", () => {
  const { lines, enter } = told();
  enter(replicaOf("a:1"), "ejected", "Cannot whoami on a:1: authentication refused (EKEYREJECTED)");
  expect(lines).toEqual(["a:1 is not used: Cannot whoami: authentication refused (EKEYREJECTED)"]);
});
