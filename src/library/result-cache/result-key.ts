import { createHash } from 'node:crypto';
import { cacheKey } from '../cache/index.ts';
import { canonical } from './canonical.ts';

/**
 * First 16 hex digits of the SHA-256 of a function's source, which changes with every change to it. A
 * function that does not show its source (`[native code]`: built in, or bound) is told by its name.
 */
export function schemaHash(fn: { readonly name: string }, version?: string): string {
  const source = String(fn);
  const native = /\{\s*\[native code\]\s*\}\s*$/.test(source);
  return sha256(version ?? (native ? fn.name : source)).slice(0, 16);
}

/** Makes keys `prefix:name:schema:arguments`; one that is too long becomes its own SHA-256. */
export function resultKeys(parts: { prefix: string; name: string; schema: string; maxLength: number }) {
  const base = `${cacheKey(parts.prefix, parts.name)}:${parts.schema}`;
  /** @throws UnserialisableError */
  return (self: unknown, args: readonly unknown[]): string => {
    // A result may rest upon the object that a method belongs to.
    const given = self === undefined ? args : [self, 'this', ...args];
    const key = `${base}:${sha256(canonical(given))}`;
    return key.length > parts.maxLength ? sha256(key) : key;
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
