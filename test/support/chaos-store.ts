import { MemoryStore } from '../../src/library/cache/memory-store.ts';
import type { CacheEntry, CacheStore } from '../../src/library/cache/store.ts';

export type StoreOperation = 'get' | 'peek' | 'set' | 'delete' | 'entries' | 'bytes';

/** A store that throws wherever `fails` says so, and otherwise keeps its entries in memory. */
export class ChaosStore<V> implements CacheStore<V> {
  fails: (operation: StoreOperation) => boolean;
  readonly #inner = new MemoryStore<V>({ maxEntries: 1000, maxBytes: 1_000_000 });

  constructor(fails: (operation: StoreOperation) => boolean = () => true) {
    this.fails = fails;
  }

  get size(): number {
    return this.#inner.size;
  }

  get bytes(): number {
    this.#risk('bytes');
    return this.#inner.bytes;
  }

  get(key: string): CacheEntry<V> | undefined {
    this.#risk('get');
    return this.#inner.get(key);
  }

  peek(key: string): CacheEntry<V> | undefined {
    this.#risk('peek');
    return this.#inner.peek(key);
  }

  set(entry: CacheEntry<V>): CacheEntry<V>[] {
    this.#risk('set');
    return this.#inner.set(entry);
  }

  delete(key: string): CacheEntry<V> | undefined {
    this.#risk('delete');
    return this.#inner.delete(key);
  }

  /** Fails, if it does, after the first entry: a listing that breaks off is the harder case. */
  *entries(): IterableIterator<CacheEntry<V>> {
    for (const entry of this.#inner.entries()) {
      yield entry;
      this.#risk('entries');
    }
  }

  #risk(operation: StoreOperation): void {
    if (this.fails(operation)) throw new Error(`store fault in ${operation}`);
  }
}
