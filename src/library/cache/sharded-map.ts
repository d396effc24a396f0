const SHARDS = 256;

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

/**
 * Mixes the last characters of a key. Sums of characters left most keys of a counter in a few of the shards;
 * more characters than these cost a hit more than they spread.
 */
function shardOf(key: string): number {
  const last = key.length - 1;
  const mixed =
    key.charCodeAt(last) +
    131 * key.charCodeAt(last - 1) +
    137 * 131 * key.charCodeAt(last - 2) +
    139 * 137 * 131 * key.charCodeAt(last - 3);
  return (mixed ^ (mixed >>> 9)) & (SHARDS - 1);
}
