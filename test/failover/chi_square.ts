/** Whether counts are what equal chances give. */

/** The probability that equal chances give counts at least as uneven as these: Pearson's test, counts.length - 1 degrees of freedom. */
export function uniformityP(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const expected = total / counts.length;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return chiSquareTail(statistic, counts.length - 1);
}

/**
 * P(X ≥ x) for X of a chi-square distribution.
 *
 *     (3.841, 1) → 0.05    (13.816, 2) → 0.001    (0, k) → 1
 */
export function chiSquareTail(x: number, degreesOfFreedom: number): number {
  if (x <= 0) return 1;
  return upperGamma(degreesOfFreedom / 2, x / 2);
}

/**
 * The regularized upper incomplete gamma function Q(a, x) for a = 1/2, 1, 3/2, …, by its recurrence
 * Q(a + 1, x) = Q(a, x) + x^a e^-x / Γ(a + 1).
 */
function upperGamma(a: number, x: number): number {
  let order = Number.isInteger(a) ? 1 : 0.5;
  let q = Number.isInteger(a) ? Math.exp(-x) : erfc(Math.sqrt(x));
  // x^order e^-x / Γ(order + 1)
  let term = Number.isInteger(a) ? x * Math.exp(-x) : (Math.sqrt(x) * Math.exp(-x)) / (Math.sqrt(Math.PI) / 2);
  for (; order < a; order++) {
    q += term;
    term *= x / (order + 1);
  }
  return q;
}

/** 1 - erf(x) for x ≥ 0, good to 1.2e-7 of its value (Numerical Recipes, erfcc). */
function erfc(x: number): number {
  const t = 1 / (1 + x / 2);
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  const sum = coefficients.reduceRight((rest, coefficient) => coefficient + t * rest, 0);
  return t * Math.exp(-x * x + sum);
}
