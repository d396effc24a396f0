import { asBuffer } from './arguments.ts';

/** Converts values to bytes for Redis and back. A value for which either throws is not shared over Redis. */
export interface Codec<V> {
  /** @throws any error for a value that cannot be represented */
  encode(value: V): Uint8Array;
  /** @throws any error for bytes that are not a value */
  decode(bytes: Uint8Array): V;
}

/**
 * JSON in UTF-8, the default. Values that do not survive a round trip through JSON, such as a `Date`, need
 * another codec.
 * @param isValid whether parsed JSON is a value of this cache. Other programs may have written it, or another version of
 *   this one. Default: everything is
 */
export function jsonCodec<V>(isValid?: (value: unknown) => value is V): Codec<V> {
  return {
    encode(value) {
      const text = JSON.stringify(value);
      if (text === undefined) throw new TypeError(`a ${typeof value} cannot be represented in JSON`);
      return Buffer.from(text);
    },
    decode(bytes) {
      const value: unknown = JSON.parse(asBuffer(bytes).toString());
      if (isValid && !isValid(value)) throw new TypeError('a value in Redis has another shape');
      return value as V;
    },
  };
}
