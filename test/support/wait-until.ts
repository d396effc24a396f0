import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * Waits for a condition outside the test by checking it every 20 ms. A check that throws counts as false; the last
 * error becomes the cause of the failure. Unlike `vi.waitUntil`, it also works in a globalSetup, outside vitest's
 * workers.
 * @param what describes the condition in the error message
 * @returns the first truthy result of `check`
 * @throws Error after `timeoutMs`
 */
export async function waitUntil<T>(
  what: string,
  check: () => T | Promise<T>,
  timeoutMs: number,
): Promise<Exclude<NonNullable<T>, false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const result = await check();
      if (result) return result as Exclude<NonNullable<T>, false>;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`timed out after ${timeoutMs} ms: ${what}`, { cause });
    await delay(POLL_MS);
  }
}
