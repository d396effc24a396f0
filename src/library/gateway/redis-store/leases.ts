import { randomUUID } from 'node:crypto';
import type { RedisLink } from '../../redis/link.ts';
import type { StoreLease } from '../cache/store.ts';
import { END_LEASE, EXTEND_LEASE } from './scripts.ts';

/** A lease ends after this time if its holder does not extend it. */
const LEASE_MS = 5000;
const EXTEND_AFTER_MS = LEASE_MS / 4;
const POLL_MS = 50;

/** Acquires a lease, which is extended until it is released. @returns undefined if another caller has it */
export async function tryLease(link: RedisLink, key: string): Promise<StoreLease | undefined> {
  const token = randomUUID();
  if ((await link.send(['SET', key, token, 'NX', 'PX', String(LEASE_MS)])) === null) return undefined;
  let released = false;
  let cancel = () => {};
  const extendLater = () => {
    if (released) return;
    cancel = link.clock.after(EXTEND_AFTER_MS, () => {
      EXTEND_LEASE.run(link, [key], [token, String(LEASE_MS)]).then(
        (extended) => extended === 1 && extendLater(),
        extendLater,
      );
    });
  };
  extendLater();
  return {
    release: async () => {
      if (released) return;
      released = true;
      cancel();
      await END_LEASE.run(link, [key], [token]);
    },
  };
}

/** Resolves when a lease has ended, or with false after the timeout. Rejects if the signal aborts. */
export async function leaseEnded(
  link: RedisLink,
  key: string,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<boolean> {
  const deadline = link.clock.now() + timeoutMs;
  while (link.clock.now() < deadline) {
    signal?.throwIfAborted();
    if ((await link.send(['EXISTS', key])) === 0) return true;
    await new Promise<void>((resolve) => void link.clock.after(POLL_MS, resolve));
  }
  return false;
}
