import { MemoryStore } from '../../src/library/cache/memory-store.ts';
import type { CacheEntry, CacheStore } from '../../src/library/cache/store.ts';

/** An operation of a {@link ChaosStore} that can fail. */
export type StoreOperation = 'get' | 'peek' | 'set' | 'delete' | 'entries' | 'bytes';

/** An in-memory store that throws in each operation for which `fails` returns true. By default, all fail. */
export class ChaosStore<V> implements CacheStore<V> {
  /** Whether an operation fails. Tests replace it. */
  fails: (operation: StoreOperation) => boolean;
  readonly #inner = new MemoryStore<V>({ maxEntries: 1000, maxBytes: 1_000_000 });

  constructor(fails: (operation: StoreOperation) => boolean = () => true) {
    this.fails = fails;
  }

  get size(): number {
    return this.#inner.size;
  }

  get bytes(): number {
    this.#maybeFail('bytes');
    return this.#inner.bytes;
  }

  get(key: string): CacheEntry<V> | undefined {
    this.#maybeFail('get');
    return this.#inner.get(key);
  }

  peek(key: string): CacheEntry<V> | undefined {
    this.#maybeFail('peek');
    return this.#inner.peek(key);
  }

  set(entry: CacheEntry<V>): CacheEntry<V>[] {
    this.#maybeFail('set');
    return this.#inner.set(entry);
  }

  delete(key: string): CacheEntry<V> | undefined {
    this.#maybeFail('delete');
    return this.#inner.delete(key);
  }

  /** Fails after the first entry: an incomplete iteration is harder to handle than one that fails at once. */
  *entries(): IterableIterator<CacheEntry<V>> {
    for (const entry of this.#inner.entries()) {
      yield entry;
      this.#maybeFail('entries');
    }
  }

  #maybeFail(operation: StoreOperation): void {
    if (this.fails(operation)) throw new Error(`store fault in ${operation}`);
  }
}
