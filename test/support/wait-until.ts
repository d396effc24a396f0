import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Waits for something that happens outside of the test, by asking every 20 ms. A question that throws counts
 * as "not yet"; its last error becomes the cause of the failure. Works outside vitest's workers, in a
 * globalSetup, where `vi.waitUntil` does not.
 * @returns the first truthy answer
 * @throws Error that names `what`, after `timeoutMs`
 */
export async function waitUntil<T>(
  what: string,
  ask: () => T | Promise<T>,
  timeoutMs: number,
): Promise<Exclude<NonNullable<T>, false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const answer = await ask();
      if (answer) return answer as Exclude<NonNullable<T>, false>;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause });
    await delay(POLL_MS);
  }
}
