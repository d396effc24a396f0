import type { RedisServer } from '../../test/support/redis/redis.ts';
import type { Cleanup } from './cleanup.ts';

/** Starts a Redis of the row's own. @throws Error where there is none to be had */
export async function openRedis(cleanup: Cleanup): Promise<RedisServer> {
  // Loaded late, for it looks for redis-server as it is loaded, and installs it where it can.
  const { startRedis } = await import('../../test/support/redis/redis.ts');
  const starting = startRedis();
  // Registered before it is up: an interrupt during its start must end it too.
  cleanup.add(async () => {
    const server = await starting.catch(() => undefined);
    await server?.[Symbol.asyncDispose]();
  });
  return await starting;
}
