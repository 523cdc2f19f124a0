import { expect, test } from "bun:test";
import { createBufferBudget } from "./buffer_budget.ts";

/**
 * Steps: "+n" a request arrives and reserves n bytes, "-" one is finished. What the reservations were answered, and what
 * is counted in the end.
 */
test.each<[steps: string, granted: string, reserved: number]>([
  ["", "", 0],
  ["+40 +60", "yy", 100],
  ["+40 +61", "yn", 40],
  ["+101", "n", 0],
  ["+100 - +100", "yy", 100],
  // Who has left is not known: the smallest are taken for those.
  ["+10 +30 +20 -", "yyy", 50],
  ["+10 +30 +20 - -", "yyy", 30],
  ["+60 +40 - +50", "yyn", 60],
  ["+60 +40 - +40", "yyy", 100],
  ["+50 +50 - - +100", "yyy", 100],
])("%p", (steps, granted, reserved) => {
  let unfinished = 0;
  const budget = createBufferBudget(100, () => unfinished);
  const answers: string[] = [];
  for (const step of steps === "" ? [] : steps.split(" ")) {
    if (step === "-") {
      unfinished--;
      continue;
    }
    unfinished++;
    const isGranted = budget.reserve(Number(step));
    answers.push(isGranted ? "y" : "n");
    // Who gets nothing is answered in another way, and soon finished.
    if (!isGranted) unfinished--;
  }
  expect(answers.join("")).toBe(granted);
  expect(budget.reserved()).toBe(reserved);
});

test("downloads that are streamed hold on to nobody's reservation, however slow they are", () => {
  let unfinished = 0;
  const budget = createBufferBudget(100, () => unfinished);
  const ends = Array.from({ length: 4 }, () => (unfinished++, budget.streams()));
  for (let response = 0; response < 10; response++) {
    unfinished++;
    expect(budget.reserve(60)).toBe(true);
    // It has left.
    unfinished--;
  }
  expect(budget.reserved()).toBe(0);
  for (const end of ends) {
    end();
    unfinished--;
  }
  unfinished++;
  expect(budget.reserve(60)).toBe(true);
  expect(budget.reserved()).toBe(60);
});
