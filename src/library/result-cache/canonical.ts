/** A value that has no canonical form: a function, a symbol, a cycle, or an object with a mind of its own. */
export class UnserialisableError extends Error {
  override readonly name = 'UnserialisableError';
}

/**
 * Writes a value in one way only: equal values give equal texts and different ones different texts, also
 * where JSON would make them equal (`undefined` and `null`, `1n` and `1`, a Date and its text, a Map and an
 * object). The order of properties, of a Set and of a Map's keys does not matter; that of an array does.
 * @throws UnserialisableError
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

function writeObject(value: object, above: readonly object[]): string {
  if (above.includes(value)) throw new UnserialisableError('a cycle has no canonical form');
  const path = [...above, value];
  const part = (child: unknown) => write(child, path);
  if (Array.isArray(value)) {
    return `[${Array.from(value, (child, index) => (index in value ? part(child) : 'hole')).join()}]`;
  }
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof RegExp) return `RegExp(${value})`;
  if (value instanceof URL) return `URL(${JSON.stringify(value.href)})`;
  if (value instanceof Set) return `Set(${[...value].map(part).sort().join()})`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, child]) => `${part(key)}=>${part(child)}`);
    return `Map(${entries.sort().join()})`;
  }
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return `${value.constructor.name}(${bytes.toString('base64')})`;
  }
  if (value instanceof ArrayBuffer) return `ArrayBuffer(${Buffer.from(value).toString('base64')})`;
  return writeProperties(value, part);
}

function writeProperties(value: object, part: (child: unknown) => string): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    // What an instance keeps to itself may decide the result, and nobody sees it.
    throw new UnserialisableError(`an instance of ${value.constructor?.name} has no canonical form`);
  }
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw new UnserialisableError('a property named by a symbol has no canonical form');
  }
  const properties = Object.entries(value).map(([name, child]) => `${JSON.stringify(name)}:${part(child)}`);
  return `{${properties.sort().join()}}`;
}
