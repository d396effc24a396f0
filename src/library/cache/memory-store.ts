import { positiveInteger } from './options.ts';
import { ShardedMap } from './sharded-map.ts';
import type { Entry, Store } from './store.ts';

interface Node<V> {
  entry: Entry<V>;
  visited: boolean;
  removed: boolean;
  older: Node<V> | undefined;
  newer: Node<V> | undefined;
}

/**
 * A store in this process's memory, bounded by entries and by bytes.
 *
 * Evicts by SIEVE: a hand walks from the oldest entry to the newest, spares what was used since it last
 * came by, and takes the first that was not. Unlike LRU, a hit only sets a bit, so reading moves nothing;
 * and a scan of keys that nobody reads twice cannot flush the ones in use.
 */
export class MemoryStore<V> implements Store<V> {
  readonly #nodes = new ShardedMap<Node<V>>();
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #bytes = 0;
  #oldest: Node<V> | undefined;
  #newest: Node<V> | undefined;
  #hand: Node<V> | undefined;

  /** @throws RangeError for a limit that is not a whole number of at least 1. */
  constructor(limits: { maxEntries: number; maxBytes: number }) {
    this.#maxEntries = positiveInteger('maxEntries', limits.maxEntries);
    this.#maxBytes = positiveInteger('maxBytes', limits.maxBytes);
  }

  get size(): number {
    return this.#nodes.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Entry<V> | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    node.visited = true;
    return node.entry;
  }

  peek(key: string): Entry<V> | undefined {
    return this.#nodes.get(key)?.entry;
  }

  set(entry: Entry<V>): Entry<V>[] {
    // An entry that can never fit must not empty the store on its way out.
    if (entry.bytes > this.#maxBytes) {
      this.delete(entry.key);
      return [entry];
    }
    const known = this.#nodes.get(entry.key);
    if (known) {
      this.#bytes += entry.bytes - known.entry.bytes;
      known.entry = entry;
    } else {
      this.#append(entry);
    }
    return this.#makeRoom(entry);
  }

  delete(key: string): Entry<V> | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    this.#unlink(node);
    return node.entry;
  }

  *entries(): IterableIterator<Entry<V>> {
    // A removed node still points to the one after it: whoever stands on it finds the way back.
    for (let node = this.#oldest; node; node = node.newer) if (!node.removed) yield node.entry;
  }

  #append(entry: Entry<V>): void {
    const node: Node<V> = { entry, visited: false, removed: false, older: this.#newest, newer: undefined };
    if (this.#newest) this.#newest.newer = node;
    else this.#oldest = node;
    this.#newest = node;
    this.#nodes.set(entry.key, node);
    this.#bytes += entry.bytes;
  }

  #makeRoom(spare: Entry<V>): Entry<V>[] {
    const evicted: Entry<V>[] = [];
    while (this.#nodes.size > this.#maxEntries || this.#bytes > this.#maxBytes) {
      const victim = this.#nextVictim(spare);
      this.#unlink(victim);
      evicted.push(victim.entry);
    }
    return evicted;
  }

  /** The newcomer is spared: evicting it at once would lock a full, busy store for new keys. */
  #nextVictim(spare: Entry<V>): Node<V> {
    let node = this.#hand ?? this.#oldest;
    while (node && (node.visited || node.entry === spare)) {
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
