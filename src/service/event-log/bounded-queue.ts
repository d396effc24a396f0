/** First in, first out; once it is full, the oldest make room. */
export class BoundedQueue<T> {
  readonly #capacity: number;
  #items: T[] = [];
  /** Items before this have been taken: cutting them off one by one would move all others each time. */
  #head = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** @returns how many items had to go. */
  push(item: T): number {
    this.#items.push(item);
    return this.#trim();
  }

  /** Takes up to `count` of the oldest. */
  take(count: number): T[] {
    const taken = this.#items.slice(this.#head, this.#head + count);
    this.#skip(taken.length);
    return taken;
  }

  /** Puts back what was taken, as the oldest. @returns how many items had to go. */
  putBack(items: readonly T[]): number {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
    return this.#trim();
  }

  #trim(): number {
    const surplus = Math.max(0, this.size - this.#capacity);
    this.#skip(surplus);
    return surplus;
  }

  #skip(count: number): void {
    this.#head += count;
    if (this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
