/** A value has no canonical form: it is or contains a function, a symbol, a cycle or an instance of a class. */
export class UnserialisableError extends Error {
  override readonly name = 'UnserialisableError';
}

/**
 * Serializes a value to its canonical form: equal values give equal texts and different values different texts, also
 * where JSON does not distinguish them (`undefined` and `null`, a Date and its ISO string, a Map and an empty object).
 * The order of properties, of the elements of a Set and of the keys of a Map is ignored; that of an array is not.
 * @throws UnserialisableError if the value has no canonical form
 */
export function canonical(value: unknown): string {
  return write(value, []);
}

function write(value: unknown, path: readonly object[]): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'object':
      return value === null ? 'null' : writeObject(value, path);
    default:
      throw new UnserialisableError(`a ${typeof value} has no canonical form`);
  }
}

function writeObject(value: object, ancestors: readonly object[]): string {
  if (ancestors.includes(value)) throw new UnserialisableError('a cycle has no canonical form');
  const path = [...ancestors, value];
  const writeChild = (child: unknown) => write(child, path);
  if (Array.isArray(value)) {
    return `[${Array.from(value, (child, index) => (index in value ? writeChild(child) : 'hole')).join()}]`;
  }
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof RegExp) return `RegExp(${value})`;
  if (value instanceof URL) return `URL(${JSON.stringify(value.href)})`;
  if (value instanceof Set) return `Set(${[...value].map(writeChild).sort().join()})`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, child]) => `${writeChild(key)}=>${writeChild(child)}`);
    return `Map(${entries.sort().join()})`;
  }
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return `${value.constructor.name}(${bytes.toString('base64')})`;
  }
  if (value instanceof ArrayBuffer) return `ArrayBuffer(${Buffer.from(value).toString('base64')})`;
  return writeProperties(value, writeChild);
}

function writeProperties(value: object, writeChild: (child: unknown) => string): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    // The result may depend on private fields, which cannot be read from outside.
    throw new UnserialisableError(`an instance of ${value.constructor?.name} has no canonical form`);
  }
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw new UnserialisableError('a property with a symbol as its key has no canonical form');
  }
  const properties = Object.entries(value).map(
    ([name, child]) => `${JSON.stringify(name)}:${writeChild(child)}`,
  );
  return `{${properties.sort().join()}}`;
}
