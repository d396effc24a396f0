import { createHash } from 'node:crypto';
import { cacheKey } from '../cache/index.ts';
import { canonical } from './canonical.ts';

/**
 * Version of a function: the first 16 hex digits of the SHA-256 of its source, which changes with each edit, or of
 * `version`. For a function without visible source (`[native code]`: built-in or bound), its name replaces the source.
 */
export function schemaHash(fn: { readonly name: string }, version?: string): string {
  const source = String(fn);
  const native = /\{\s*\[native code\]\s*\}\s*$/.test(source);
  return sha256(version ?? (native ? fn.name : source)).slice(0, 16);
}

/**
 * Creates a function that returns the key of a call: `prefix:name:schema:arguments`, or the SHA-256 of that if it is
 * longer than `maxLength` characters. The function throws UnserialisableError if the arguments have no canonical form.
 */
export function resultKeys(parts: { prefix: string; name: string; schema: string; maxLength: number }) {
  const base = `${cacheKey(parts.prefix, parts.name)}:${parts.schema}`;
  return (self: unknown, args: readonly unknown[]): string => {
    // The result of a method may depend on its object.
    const inputs = self === undefined ? args : [self, 'this', ...args];
    const key = `${base}:${sha256(canonical(inputs))}`;
    return key.length > parts.maxLength ? sha256(key) : key;
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
