import { createCache } from 'async-cache-dedupe';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { Cache } from '../../src/library/cache/index.ts';

/** The value that all caches store, of typical size. */
export const VALUE = {
  total_cpu_percent: 12.34,
  total_memory_usage: 734_003_200,
  total_network_rx_bytes: 9_876_543_210,
  total_network_tx_bytes: 1_234_567_890,
  total_block_read_bytes: 40_960,
  total_block_write_bytes: 81_920,
  container_count: 20,
};

/** Type of the cached value. */
export type Value = typeof VALUE;
/** Loads the value. */
export type Load = () => Promise<Value>;

/** Roundhouse's cache, as the service configures it, with or without refresh-ahead. */
export function createOurs({ refreshAhead }: { refreshAhead: boolean }): Cache<Value> {
  return new Cache<Value>({ staleIfErrorS: 30, refreshAheadS: refreshAhead ? 15 : 0 });
}

/** BentoCache in its fastest configuration: in memory, without serialisation. */
export function createBento() {
  const memory = bentostore().useL1Layer(memoryDriver({ serialize: false }));
  return new BentoCache({ default: 'memory', stores: { memory } });
}

/** async-cache-dedupe with one function `read`. */
export function createDedupe(load: Load, ttlS: number) {
  return createCache({ ttl: ttlS, storage: { type: 'memory' } }).define('read', (_key: string) => load());
}
