import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Waits for something that happens outside of the test, by looking every 20 ms. A check that throws counts
 * as "not yet"; its last error becomes the cause of the failure.
 * @param wait.what what is waited for, as the subject of "… did not happen within 5000 ms".
 * @returns the first truthy answer of `check`.
 */
export async function until<T>(
  check: () => T | Promise<T>,
  wait: { timeoutMs: number; what: string },
): Promise<Exclude<NonNullable<T>, false>> {
  const due = performance.now() + wait.timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const answer = await check();
      if (answer) return answer as Exclude<NonNullable<T>, false>;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= due) {
      throw new Error(`${wait.what} did not happen within ${wait.timeoutMs} ms`, { cause });
    }
    await sleep(POLL_MS);
  }
}
