import { positiveInteger } from './options.ts';
import { ShardedMap } from './sharded-map.ts';
import type { CacheEntry, CacheStore } from './store.ts';

interface Node<V> {
  entry: CacheEntry<V>;
  /** Whether the entry was read since the eviction hand last passed it. */
  visited: boolean;
  removed: boolean;
  older: Node<V> | undefined;
  newer: Node<V> | undefined;
}

/** Limits of a {@link MemoryStore}. */
export interface MemoryStoreLimits {
  /** Maximum number of entries. */
  maxEntries: number;
  /** Maximum sum of the entries' `bytes`. */
  maxBytes: number;
}

/**
 * A {@link CacheStore} in the memory of this process, limited by entries and by bytes.
 *
 * Evicts by SIEVE: a hand moves from the oldest entry to the newest, skips entries that were read since it last
 * passed them, and evicts the first that was not. Unlike LRU, a read only sets a flag and moves nothing, and a
 * scan of keys that are read once does not evict the keys in use.
 * @see https://www.usenix.org/conference/nsdi24/presentation/zhang-yazhuo
 */
export class MemoryStore<V> implements CacheStore<V> {
  readonly #nodes = new ShardedMap<Node<V>>();
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #bytes = 0;
  #oldest: Node<V> | undefined;
  #newest: Node<V> | undefined;
  #hand: Node<V> | undefined;

  /** @throws RangeError if a limit is not an integer of at least 1 */
  constructor(limits: MemoryStoreLimits) {
    this.#maxEntries = positiveInteger('maxEntries', limits.maxEntries);
    this.#maxBytes = positiveInteger('maxBytes', limits.maxBytes);
  }

  get size(): number {
    return this.#nodes.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): CacheEntry<V> | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    node.visited = true;
    return node.entry;
  }

  peek(key: string): CacheEntry<V> | undefined {
    return this.#nodes.get(key)?.entry;
  }

  set(entry: CacheEntry<V>): CacheEntry<V>[] {
    // Otherwise an entry that cannot fit would evict all others first.
    if (entry.bytes > this.#maxBytes) {
      this.delete(entry.key);
      return [entry];
    }
    const node = this.#nodes.get(entry.key);
    if (node) {
      this.#bytes += entry.bytes - node.entry.bytes;
      node.entry = entry;
    } else {
      this.#append(entry);
    }
    return this.#evict(entry);
  }

  delete(key: string): CacheEntry<V> | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    this.#unlink(node);
    return node.entry;
  }

  *entries(): IterableIterator<CacheEntry<V>> {
    // A removed node keeps its `newer` link, so an iteration that stands on it can continue.
    for (let node = this.#oldest; node; node = node.newer) if (!node.removed) yield node.entry;
  }

  #append(entry: CacheEntry<V>): void {
    const node: Node<V> = { entry, visited: false, removed: false, older: this.#newest, newer: undefined };
    if (this.#newest) this.#newest.newer = node;
    else this.#oldest = node;
    this.#newest = node;
    this.#nodes.set(entry.key, node);
    this.#bytes += entry.bytes;
  }

  /** Evicts entries until the limits are met. Never evicts `added`. */
  #evict(added: CacheEntry<V>): CacheEntry<V>[] {
    const evicted: CacheEntry<V>[] = [];
    while (this.#nodes.size > this.#maxEntries || this.#bytes > this.#maxBytes) {
      const victim = this.#nextVictim(added);
      this.#unlink(victim);
      evicted.push(victim.entry);
    }
    return evicted;
  }

  /** Skips the entry just added: otherwise a full store whose entries are all in use would accept no new key. */
  #nextVictim(added: CacheEntry<V>): Node<V> {
    let node = this.#hand ?? this.#oldest;
    while (node && (node.visited || node.entry === added)) {
      node.visited = false;
      node = node.newer ?? this.#oldest;
    }
    this.#hand = node?.newer;
    return node!;
  }

  #unlink(node: Node<V>): void {
    if (this.#hand === node) this.#hand = node.newer;
    if (node.older) node.older.newer = node.newer;
    else this.#oldest = node.newer;
    if (node.newer) node.newer.older = node.older;
    else this.#newest = node.older;
    node.removed = true;
    this.#nodes.delete(node.entry.key);
    this.#bytes -= node.entry.bytes;
  }
}
