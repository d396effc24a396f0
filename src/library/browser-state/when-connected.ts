import type { RedisLink } from '../redis/index.ts';

/** Waits until a link is connected. @returns false if it is not within `timeoutMs` */
export async function whenConnected(link: RedisLink, timeoutMs: number): Promise<boolean> {
  if (link.state === 'connected') return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const removeListener = link.onConnected(() => resolve(true));
  const cancel = link.clock.after(timeoutMs, () => resolve(false));
  const connected = await promise;
  removeListener();
  cancel();
  return connected;
}
