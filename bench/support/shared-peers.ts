import { createKeyvNonBlocking, createKeyv as createKeyvRedis } from '@keyv/redis';
import { createCache } from 'async-cache-dedupe';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { Cacheable, createKeyv as createKeyvMemory, type Keyv } from 'cacheable';
import { Redis } from 'ioredis';
import { RedisLink, TieredCache } from '../../src/library/redis/index.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Value } from './peers.ts';

/** TTL of all entries, in seconds. */
export const TTL_S = 3600;
/** Roundhouse's default command timeout, for the peers, which have none by default. */
const COMMAND_TIMEOUT_MS = 500;
const READY_DEADLINE_MS = 10_000;

/** Loads the value of a key. */
export type LoadKey = (key: string) => Promise<Value>;

/** Roundhouse's cache, as the service configures it. */
export function openOurs(url: string) {
  const link = new RedisLink({ url });
  const cache = new TieredCache<Value>(link, { namespace: 'bench', staleIfErrorS: 30, refreshAheadS: 15 });
  return {
    cache,
    async ready() {
      const up = () => link.state === 'connected' && cache.connected;
      await waitUntil('ours is connected', up, READY_DEADLINE_MS);
    },
    async close() {
      // Values are written to Redis asynchronously. The reply to PING arrives after those writes.
      await link.send(['PING']);
      cache.close();
      link.close();
    },
  };
}

/**
 * BentoCache in memory and Redis, with its bus. `serialize: false` stores values in memory without
 * serialisation; it then cannot read from memory the values that it copied from Redis. With `withTimeout`, it
 * also has its circuit breaker; the bus has no timeout, because a subscription that times out ends the
 * process.
 */
export function openBento(url: string, { serialize = true, withTimeout = false } = {}) {
  const connection = addressOf(url);
  const guarded = { ...connection, ...(withTimeout && { commandTimeout: COMMAND_TIMEOUT_MS }) };
  const shared = bentostore()
    .useL1Layer(memoryDriver({ serialize }))
    .useL2Layer(redisDriver({ connection: guarded }))
    .useBus(redisBusDriver({ connection }));
  return new BentoCache({
    default: 'shared',
    ...(withTimeout && { l2CircuitBreakerDuration: '5s' }),
    stores: { shared },
  });
}

/** async-cache-dedupe with one function `read`. With Redis, it stores nothing in memory. */
export function openDedupe(url: string, load: LoadKey, { withTimeout = false } = {}) {
  const client = new Redis({ ...addressOf(url), ...(withTimeout && { commandTimeout: COMMAND_TIMEOUT_MS }) });
  // Without a listener, the client logs each failed connection attempt.
  client.on('error', () => {});
  const cache = createCache({ ttl: TTL_S, storage: { type: 'redis', options: { client } } });
  return { cache: cache.define('read', load), client };
}

/**
 * cacheable in memory and Redis, without cloning values in memory. With `withTimeout`, it is configured as
 * its documentation recommends for an unreliable Redis. The client options are passed at construction,
 * because the client ignores later changes. The timeout is that of the socket, because a command's ends when
 * the command is written.
 */
export function openCacheable(url: string, { withTimeout = false } = {}) {
  const socket = { reconnectStrategy: false, socketTimeout: COMMAND_TIMEOUT_MS } as const;
  const secondary = withTimeout
    ? createKeyvNonBlocking({ url, disableOfflineQueue: true, socket })
    : createKeyvRedis(url);
  const primary = createKeyvMemory({ useClone: false });
  const cache = new Cacheable({ primary, secondary, nonBlocking: withTimeout });
  // An error event without a listener would end the process.
  cache.on('error', () => {});
  secondary.on('error', () => {});
  return cache;
}

/** keyv with Redis: no memory tier and no loading. */
export function openKeyv(url: string): Keyv<Value> {
  return createKeyvRedis(url) as Keyv<Value>;
}

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
