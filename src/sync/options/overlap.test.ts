import { expect, test } from "bun:test";
import { relate } from "./overlap.ts";

test.each([
  ["/a", "/a", "source and target are the same directory"],
  ["/", "/", "source and target are the same directory"],
  ["/a", "/a/b", "the target lies inside the source"],
  ["/", "/b", "the target lies inside the source"],
  ["/a/b", "/a", "the source lies inside the target"],
  ["/b", "/", "the source lies inside the target"],
  ["/a", "/ab", null],
  ["/ab", "/a", null],
  ["/a", "/b", null],
])("%s and %s: %p", (source, target, sentence) => {
  expect(relate(source, target)).toBe(sentence);
});
