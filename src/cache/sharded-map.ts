const SHARDS = 32;

/**
 * A map of strings in several parts. When a map grows or shrinks past a power of two, the engine copies all
 * of it at once: with a million entries that holds the event loop for tens of milliseconds. Here only one
 * part is copied at a time.
 */
export class ShardedMap<T> {
  readonly #shards: readonly Map<string, T>[] = Array.from({ length: SHARDS }, () => new Map<string, T>());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): T | undefined {
    return this.#shards[shardOf(key)]!.get(key);
  }

  set(key: string, value: T): void {
    const shard = this.#shards[shardOf(key)]!;
    const before = shard.size;
    shard.set(key, value);
    this.#size += shard.size - before;
  }

  delete(key: string): boolean {
    const deleted = this.#shards[shardOf(key)]!.delete(key);
    if (deleted) this.#size -= 1;
    return deleted;
  }
}

/** Mixes the ends of a key: names differ at one of them, hashes and counters at the last. */
function shardOf(key: string): number {
  const last = key.length - 1;
  const mixed = key.charCodeAt(last) + 7 * key.charCodeAt(last - 1) + 13 * key.charCodeAt(last >> 1) + last;
  return mixed & (SHARDS - 1);
}
