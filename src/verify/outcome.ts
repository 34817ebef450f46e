/** What one way of verifying a model came to. */
export interface Outcome {
  check: 'reference' | 'parity' | 'live';
  status: 'pass' | 'fail' | 'skipped';
  /** One sentence with the figures, or why it was skipped. */
  message: string;
}

/** Undoes the sigmoid: scores near 0 and 1 are compared where they differ. Clamped, as services round. */
export function logitOf(score: number): number {
  const share = Math.min(1 - 1e-9, Math.max(1e-9, score));
  return Math.log(share / (1 - share));
}

/** How far two lists of logits are apart at most; NaN where one is not a number. */
export function largestDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? NaN))), 0);
}
