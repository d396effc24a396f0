/** Keys that each of the two halves holds. */
const HALF = 1000;
/** Longer inputs are not kept: hashing them again costs less than the memory of many of them. */
const MAX_CHARACTERS = 256;

/**
 * Remembers the keys of recent calls, because hashing takes longer than all other steps of a hit together. Bounded: when
 * the recent half is full, it replaces the older one. Inputs that are used again move to the recent half.
 */
export class KeyMemo<Input> {
  #recent = new Map<Input, string>();
  #older = new Map<Input, string>();

  /** Returns the key of an input, computing it if it is not held. */
  get(input: Input, compute: (input: Input) => string): string {
    const recent = this.#recent.get(input);
    if (recent !== undefined) return recent;
    const key = this.#older.get(input) ?? compute(input);
    if (typeof input === 'string' && input.length > MAX_CHARACTERS) return key;
    if (this.#recent.size >= HALF) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(input, key);
    return key;
  }
}
