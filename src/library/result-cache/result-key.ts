import { createHash } from 'node:crypto';
import { cacheKey } from '../cache/index.ts';
import { canonicalArguments } from './canonical.ts';
import { KeyMemo } from './key-memo.ts';

/**
 * Version of a function: the first 16 hex digits of the SHA-256 of its source, which changes with each edit, or of
 * `version`. For a function without visible source (`[native code]`: built-in or bound), its name replaces the source.
 */
export function schemaHash(fn: { readonly name: string }, version?: string): string {
  const source = String(fn);
  const native = /\{\s*\[native code\]\s*\}\s*$/.test(source);
  return sha256(version ?? (native ? fn.name : source)).slice(0, 16);
}

/** What determines the key of a call. */
export interface KeyParts {
  readonly prefix: string;
  readonly name: string;
  readonly schema: string;
  /** Longer keys are hashed. */
  readonly maxLength: number;
  /** Returns what replaces the arguments and `this` in the key. */
  readonly keyOf: ((this: unknown, ...args: never[]) => unknown) | undefined;
}

/**
 * Creates a function that returns the key of a call: `prefix:name:schema:arguments`, or the SHA-256 of that if it is
 * longer than `maxLength` characters. The function throws UnserialisableError if the arguments have no canonical form.
 */
export function resultKeys({ prefix, name, schema, maxLength, keyOf }: KeyParts) {
  const base = `${cacheKey(prefix, name)}:${schema}`;
  const calls = new KeyMemo();
  const methodCalls = new KeyMemo();
  const keyOfText = (text: string): string => {
    const key = `${base}:${sha256(text)}`;
    return key.length > maxLength ? sha256(key) : key;
  };
  const find = (memo: KeyMemo, start: string, inputs: readonly unknown[]): string => {
    const node = memo.find(inputs);
    if (node?.key !== undefined) return node.key;
    const key = keyOfText(start + canonicalArguments(inputs));
    if (node !== undefined) node.key = key;
    return key;
  };
  return (self: unknown, args: readonly unknown[]): string => {
    if (keyOf) return find(calls, '', [keyOf.apply(self, args as never[])]);
    // The result of a method may depend on its object.
    return self === undefined ? find(calls, '', args) : find(methodCalls, 'this', [self, ...args]);
  };
}

/** As UTF-16, because all unpaired surrogates have the same bytes in UTF-8. */
function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf16le').digest('hex');
}
