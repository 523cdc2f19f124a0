/** More slips of the hand than this, and it is another word. */
const maxDistance = 2;

/**
 * The candidate that a misspelt word most likely means, or null when none is near: the one that begins with the word
 * (three letters at least), else the one reached with the fewest letters changed, added, left out or
 * swapped with their neighbour.
 *
 *     nearest("dry-rn", ["delete", "dry-run"]) → "dry-run"    nearest("x", ["port"]) → null
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const beginning = candidates.filter((candidate) => word.length >= 3 && candidate.startsWith(word));
  if (beginning[0] !== undefined) return beginning[0];
  let best: string | null = null;
  let bestDistance = maxDistance + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    // Two of two letters changed is no slip but another word.
    if (distance < bestDistance && distance < candidate.length / 2) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Letters changed, added or left out, and neighbours swapped, a row of the table at a time (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const row = [line];
    for (let column = 1; column <= to.length; column++) {
      const same = from[line - 1] === to[column - 1];
      const swapped = from[line - 1] === to[column - 2] && from[line - 2] === to[column - 1];
      row.push(
        Math.min(
          (last[column - 1] ?? 0) + (same ? 0 : 1),
          (last[column] ?? 0) + 1,
          (row[column - 1] ?? 0) + 1,
          swapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length] ?? 0;
}
