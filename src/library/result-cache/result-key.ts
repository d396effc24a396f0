import { createHash } from 'node:crypto';
import { cacheKey } from '../cache/index.ts';
import { canonical } from './canonical.ts';
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
  const byText = new KeyMemo<string>();
  const byPrimitive = new KeyMemo<unknown>();
  const keyOfText = (text: string): string => {
    const key = `${base}:${sha256(text)}`;
    return key.length > maxLength ? sha256(key) : key;
  };
  const keyOfPrimitive = (only: unknown): string => keyOfText(canonical([only]));
  return (self: unknown, args: readonly unknown[]): string => {
    if (keyOf) return byText.get(canonical([keyOf.apply(self, args as never[])]), keyOfText);
    // The result of a method may depend on its object. No form of an array starts like this.
    if (self !== undefined) return byText.get(`this=${canonical(self)},${canonical(args)}`, keyOfText);
    const only = args[0];
    if (args.length === 1 && isDistinctPrimitive(only)) return byPrimitive.get(only, keyOfPrimitive);
    return byText.get(canonical(args), keyOfText);
  };
}

/** Whether a Map distinguishes the value from all others as the canonical form does, which 0 and -0 are not. */
function isDistinctPrimitive(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'number' && value !== 0);
}

/** As UTF-16, because all unpaired surrogates have the same bytes in UTF-8. */
function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf16le').digest('hex');
}
