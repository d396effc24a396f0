import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks every 25 ms until the answer is truthy, and returns it. For real processes; where a clock can be
 * injected, inject it. Works outside vitest's workers, in a globalSetup, where `vi.waitUntil` does not.
 * @throws Error that names `what`, after `timeoutMs`.
 */
export async function waitUntil<T>(
  what: string,
  ask: () => T | Promise<T>,
  timeoutMs: number,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(25);
  }
}
