const SHARDS = 256;
/** Characters from the end of a key that choose its shard: there names, hashes and counters differ. */
const HASHED = 8;

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

/** FNV-1a over the end of the key: sums of characters left most keys of a counter in a few of the shards. */
function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = Math.max(0, key.length - HASHED); at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (SHARDS - 1);
}
