import { createCache } from 'async-cache-dedupe';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { Cache } from '../../src/library/cache/index.ts';

/** What all caches of the bench hold: an answer of the usual size. */
export const VALUE = {
  total_cpu_percent: 12.34,
  total_memory_usage: 734_003_200,
  total_network_rx_bytes: 9_876_543_210,
  total_network_tx_bytes: 1_234_567_890,
  total_block_read_bytes: 40_960,
  total_block_write_bytes: 81_920,
  container_count: 20,
};

export type Value = typeof VALUE;
export type Load = () => Promise<Value>;

/** Ours with the application's own policy; or, without keeping watched keys warm, a plain cache. */
export function createOurs({ keepWarm }: { keepWarm: boolean }): Cache<Value> {
  return new Cache<Value>({ staleIfErrorS: 30, refreshAheadS: keepWarm ? 15 : 0 });
}

/** BentoCache at its fastest: in memory, the values as they are rather than as JSON. */
export function createBento() {
  const memory = bentostore().useL1Layer(memoryDriver({ serialize: false }));
  return new BentoCache({ default: 'memory', stores: { memory } });
}

/** async-cache-dedupe with one function, `read`. */
export function createDedupe(load: Load, ttlS: number) {
  return createCache({ ttl: ttlS, storage: { type: 'memory' } }).define('read', (_key: string) => load());
}
