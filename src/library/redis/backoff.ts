const FIRST_MS = 50;
const MAX_MS = 2000;

/**
 * Delay before the next attempt, in milliseconds: exponential backoff with jitter. The delay is random within
 * the upper half of the current step, so that processes that lost Redis together do not reconnect in step.
 * @param attempt number of failed attempts so far
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const maxMs = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return maxMs * (0.5 + random() / 2);
}
