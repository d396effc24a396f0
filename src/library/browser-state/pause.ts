import type { Clock } from '../util/clock.ts';

/** Resolves after some time. @throws the reason of `signal` if it is aborted before */
export async function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const cancel = clock.after(ms, end);
  signal?.addEventListener('abort', end, { once: true });
  await promise;
  cancel();
  signal?.removeEventListener('abort', end);
  signal?.throwIfAborted();
}
