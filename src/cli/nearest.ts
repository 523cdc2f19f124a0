/** More slips of the hand than this, and it is another word. */
const maxDistance = 2;

/**
 * The candidate that a misspelt word most likely means, or null when none is near: the one that begins with the word
 * (three letters at least), else the one reached with the fewest letters changed, added or left out.
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

/** Levenshtein's distance, a row of his table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [line, letter] of from.split("").entries()) {
    const next = [line + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
