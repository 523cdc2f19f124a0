/** One run of a fuzzer: so many seconds of cases made by chance; a case that fails names its seed. */
import { createSeededRandom, seedFrom, type SeededRandom } from "../helpers/seeded_random.ts";

/** Seconds for each fuzzer unless FUZZ_SECONDS says otherwise: all of them together stay under half a minute. */
const DEFAULT_SECONDS = 1.5;

export function fuzzSeconds(share = 1): number {
  const text = process.env["FUZZ_SECONDS"] ?? "";
  if (text === "") return DEFAULT_SECONDS * share;
  if (!/^\d{1,5}$/.test(text)) throw new Error(`FUZZ_SECONDS "${text}" is no number of seconds`);
  return Number(text);
}

/** For how long a test of the fuzzer may take: starting and stopping what it needs comes on top. */
export function fuzzLimitMs(share = 1): number {
  return fuzzSeconds(share) * 1000 + 90_000;
}

/**
 * Runs one case after the other, each with a seed of its own, until the time is over; then tells how many. FUZZ_SEED=… runs
 * that one case alone.
 */
export async function fuzz(
  name: string,
  seconds: number,
  runCase: (random: SeededRandom) => void | Promise<void>,
): Promise<number> {
  const isOne = (process.env["FUZZ_SEED"] ?? "") !== "";
  const first = seedFrom("FUZZ_SEED");
  const deadline = performance.now() + seconds * 1000;
  let cases = 0;
  do {
    const seed = (first + cases) % 2 ** 31;
    try {
      await runCase(createSeededRandom(seed));
    } catch (error) {
      throw new Error(`${name}: FUZZ_SEED=${seed} shows it: ${(error as Error).message}`, { cause: error });
    }
    cases++;
  } while (!isOne && performance.now() < deadline);
  console.log(`fuzz ${name}: ${cases} cases, seeds ${first} to ${first + cases - 1}`);
  return cases;
}

/** A text made of pieces that matter to a parser, of its alphabet, and of anything. */
export function randomText(random: SeededRandom, pieces: readonly string[], maxPieces = 12): string {
  let text = "";
  for (let count = random.int(0, maxPieces); count > 0; count--) {
    const choice = random.next();
    if (choice < 0.75) text += random.pick(pieces);
    else if (choice < 0.9) text += String.fromCharCode(random.int(0, 255));
    else if (choice < 0.95) text += random.pick(pieces).repeat(random.int(2, 40));
    else text += String.fromCodePoint(random.int(0x100, 0xffff));
  }
  return text;
}

/** A text with a few of its characters changed, left out, doubled or put elsewhere. */
export function mutate(random: SeededRandom, text: string, most = 4): string {
  let result = text;
  for (let count = random.int(1, most); count > 0; count--) {
    const at = random.int(0, result.length);
    const end = Math.min(result.length, at + random.int(0, 4));
    const piece = random.pick(["", "", result.slice(at, end).repeat(2), String.fromCharCode(random.int(0, 255))]);
    result = result.slice(0, at) + piece + result.slice(end);
  }
  return result;
}
