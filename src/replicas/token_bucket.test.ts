import { expect, test } from "bun:test";
import { createTokenBucket } from "./token_bucket.ts";

test.each<[what: string, capacity: number, perSuccess: number, steps: string, taken: string]>([
  ["a full one gives its capacity and no more", 3, 0.5, "tttt", "yyyn"],
  ["successes fill it", 1, 0.5, "ttgtgt", "ynny"],
  ["it does not overflow", 2, 0.5, "ggggttt", "yyn"],
  ["without capacity it never gives", 0, 1, "tgt", "nn"],
])("%s", (_, capacity, perSuccess, steps, taken) => {
  const bucket = createTokenBucket(capacity, perSuccess);
  const answers: string[] = [];
  for (const step of steps) {
    if (step === "g") bucket.give();
    else answers.push(bucket.take() ? "y" : "n");
  }
  expect(answers.join("")).toBe(taken);
});

test("ten at once, then a tenth of what succeeds", () => {
  const bucket = createTokenBucket();
  let taken = 0;
  while (bucket.take()) taken++;
  expect(taken).toBe(10);
  for (let n = 0; n < 1_000; n++) {
    bucket.give();
    if (bucket.take()) taken++;
  }
  // A tenth is no binary fraction: one token more or less.
  expect(Math.abs(taken - 110)).toBeLessThanOrEqual(1);
});
