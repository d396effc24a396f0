import type { RedisServer } from '../../test/support/redis/redis.ts';
import type { Cleanup } from './cleanup.ts';

/**
 * Starts a Redis server for one row.
 * @throws Error if redis-server is not available
 */
export async function openRedis(cleanup: Cleanup): Promise<RedisServer> {
  // Imported on demand, because the module finds or installs redis-server when it is loaded.
  const { startRedis } = await import('../../test/support/redis/redis.ts');
  const starting = startRedis();
  // Added before the server is ready, so that an interrupt during the start stops it too.
  cleanup.add(async () => {
    const server = await starting.catch(() => undefined);
    await server?.[Symbol.asyncDispose]();
  });
  return await starting;
}
