import { expect, test } from "bun:test";
import { parseStatus } from "./process_group.ts";

const numbers = "1 12 12 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 20";

test.each([
  [`12 (chirp_server) S ${numbers}`, { name: "chirp_server", zombie: false, group: 12, started: "987654" }],
  [`12 (a) b (c)) Z ${numbers}`, { name: "a) b (c)", zombie: true, group: 12, started: "987654" }],
  [`12 (x) T ${numbers} 7 8 9\n`, { name: "x", zombie: false, group: 12, started: "987654" }],
])("%j", (line, expected) => {
  expect(parseStatus(line)).toEqual(expected);
});

test("a line of another form is refused, not misread", () => {
  expect(() => parseStatus("12 (x) S 1")).toThrow(/unexpected line/);
});
