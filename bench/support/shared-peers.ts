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

export const TTL_S = 3600;
/** What ours gives a command by default, for the peers: theirs have no deadline unless they are given one. */
const COMMAND_TIMEOUT_MS = 500;
const READY_DEADLINE_MS = 10_000;

export type LoadKey = (key: string) => Promise<Value>;

/** Ours with the application's own policy. */
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
      // Values are stored behind the answer: what was sent before this has been done after it.
      await link.send(['PING']);
      cache.close();
      link.close();
    },
  };
}

/**
 * BentoCache in two tiers with its bus. `serialize: false` keeps values in memory as they are rather than as
 * JSON; what it takes over from Redis it then cannot read from memory. With a deadline it also has its circuit
 * breaker; the bus has none, for a subscription that passes its deadline ends the process.
 */
export function openBento(url: string, { serialize = true, deadline = false } = {}) {
  const connection = addressOf(url);
  const guarded = { ...connection, ...(deadline && { commandTimeout: COMMAND_TIMEOUT_MS }) };
  const shared = bentostore()
    .useL1Layer(memoryDriver({ serialize }))
    .useL2Layer(redisDriver({ connection: guarded }))
    .useBus(redisBusDriver({ connection }));
  return new BentoCache({
    default: 'shared',
    ...(deadline && { l2CircuitBreakerDuration: '5s' }),
    stores: { shared },
  });
}

/** async-cache-dedupe with one function, `read`. Over Redis it has no tier in memory. */
export function openDedupe(url: string, load: LoadKey, { deadline = false } = {}) {
  const client = new Redis({ ...addressOf(url), ...(deadline && { commandTimeout: COMMAND_TIMEOUT_MS }) });
  // Without a listener each failed attempt to connect would be printed.
  client.on('error', () => {});
  const cache = createCache({ ttl: TTL_S, storage: { type: 'redis', options: { client } } });
  return { cache: cache.define('read', load), client };
}

/**
 * cacheable in two tiers, the values in memory as they are rather than cloned. With a deadline it is set up as
 * its makers advise for a Redis that may fail, the client's options given to the client itself, which does not
 * heed them later; and with the socket's deadline, for that of a command ends once the command is written.
 */
export function openCacheable(url: string, { deadline = false } = {}) {
  const socket = { reconnectStrategy: false, socketTimeout: COMMAND_TIMEOUT_MS } as const;
  const secondary = deadline
    ? createKeyvNonBlocking({ url, disableOfflineQueue: true, socket })
    : createKeyvRedis(url);
  const primary = createKeyvMemory({ useClone: false });
  const cache = new Cacheable({ primary, secondary, nonBlocking: deadline });
  // An error without a listener would end the process.
  cache.on('error', () => {});
  secondary.on('error', () => {});
  return cache;
}

/** keyv over Redis: one tier, and no loading. */
export function openKeyv(url: string): Keyv<Value> {
  return createKeyvRedis(url) as Keyv<Value>;
}

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
