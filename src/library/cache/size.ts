const OBJECT_BYTES = 32;
const SLOT_BYTES = 8;

/**
 * Estimates the heap memory of a value in bytes: 2 for each character, 8 for each number or slot, the length of a
 * buffer, and 32 for each object. Visits what `JSON.stringify` would, and the members of Maps and Sets; a shared
 * object counts once.
 */
export function estimateBytes(value: unknown): number {
  const top = new Measurement();
  top.add(value);
  return top.finish();
}

/** Sums up without recursion, so that a deeply nested value cannot exhaust the stack. */
class Measurement {
  #bytes = 0;
  /** Objects whose members have not been added yet. */
  readonly #pending: object[] = [];
  /** Created with the second object: most values have only one. */
  #seen: Set<object> | undefined;
  #first: object | undefined;

  add(value: unknown): void {
    if (typeof value === 'string') this.#bytes += value.length * 2;
    else if (typeof value !== 'object' || value === null) this.#bytes += SLOT_BYTES;
    else if (this.#isNew(value)) {
      this.#bytes += OBJECT_BYTES;
      if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) this.#bytes += value.byteLength;
      else this.#pending.push(value);
    }
  }

  finish(): number {
    for (let object = this.#pending.pop(); object !== undefined; object = this.#pending.pop()) {
      if (object instanceof Map || object instanceof Set) for (const member of object) this.add(member);
      else this.#addProperties(object);
    }
    return this.#bytes;
  }

  #addProperties(object: object): void {
    const isArray = Array.isArray(object);
    for (const name of Object.keys(object)) {
      this.#bytes += SLOT_BYTES + (isArray ? 0 : name.length);
      this.add((object as Record<string, unknown>)[name]);
    }
  }

  #isNew(object: object): boolean {
    if (this.#first === undefined) {
      this.#first = object;
      return true;
    }
    this.#seen ??= new Set([this.#first]);
    const before = this.#seen.size;
    return this.#seen.add(object).size > before;
  }
}
