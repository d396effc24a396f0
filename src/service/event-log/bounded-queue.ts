/** FIFO queue with a fixed capacity. Adding to a full queue drops the oldest items. */
export class BoundedQueue<T> {
  readonly #capacity: number;
  #items: T[] = [];
  /** Index of the oldest item. Advancing it avoids an O(n) `shift()` for each item taken. */
  #head = 0;

  /** @param capacity maximum number of items */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Number of queued items. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Appends an item. @returns the number of items dropped to make room */
  push(item: T): number {
    this.#items.push(item);
    return this.#dropExcess();
  }

  /** Removes and returns up to `count` items, oldest first. */
  take(count: number): T[] {
    const taken = this.#items.slice(this.#head, this.#head + count);
    this.#skip(taken.length);
    return taken;
  }

  /** Returns taken items to the front of the queue. @returns the number of items dropped to make room */
  putBack(items: readonly T[]): number {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
    return this.#dropExcess();
  }

  #dropExcess(): number {
    const excess = Math.max(0, this.size - this.#capacity);
    this.#skip(excess);
    return excess;
  }

  #skip(count: number): void {
    this.#head += count;
    if (this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
