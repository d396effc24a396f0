const FIRST_MS = 50;
const MAX_MS = 2000;

/**
 * How long to wait before the next attempt: twice as long after each, and anywhere in the upper half of
 * that, so that processes which lost Redis together do not come back in step.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return longest * (0.5 + random() / 2);
}
