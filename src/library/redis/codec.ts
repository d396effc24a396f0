/** How values become bytes for Redis, and values again. Either may throw: then Redis is not used for it. */
export interface Codec<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
}

/** JSON in UTF-8. For values that JSON gives back as they were; give a codec of your own for others. */
export function jsonCodec<V>(): Codec<V> {
  return {
    encode(value) {
      const text = JSON.stringify(value);
      if (text === undefined) throw new TypeError('JSON has no such value');
      return Buffer.from(text);
    },
    decode: (bytes) => JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()),
  };
}
