import { hash } from 'node:crypto';
import { memoize } from '../util/memo.ts';
import { fieldValue, type HeaderFields, trimSpace } from './headers.ts';
import type { StoredResponse } from './stored-response.ts';

/** Fields of which all members, outside of quotes, are compared case-insensitively. */
const CASE_INSENSITIVE = new Set(['accept-charset', 'accept-encoding', 'accept-language']);
/** Characters of field names in use. A token may have others, such as `|`, but then it is more likely a list. */
const FIELD_NAME = /^[\w.-]+$/;
/** A quoted string, or text without quotes and commas. */
const PART = /"(?:[^"\\]|\\.)*"|[^",]+|,/gsy;

/** Names and hashed values of the selecting header fields, sorted by name. */
export type SelectingFields = StoredResponse['vary'];

/**
 * The request's selecting header fields: those that the response's Vary nominates.
 * @returns undefined for `Vary: *`, which no request matches
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.1
 */
export function selectingFields(request: HeaderFields, response: HeaderFields): SelectingFields | undefined {
  return selectingNames(response)?.map((name) => [name, hashedField(request, name)] as const);
}

/**
 * The field names in a response's Vary, in lower case and sorted.
 * @returns undefined for `*` and for a malformed Vary, as the fields it means are unknown
 */
export function selectingNames(response: HeaderFields): string[] | undefined {
  const members = (fieldValue(response, 'vary') ?? '').split(',').map(trimSpace);
  const names = new Set(members.filter((name) => name !== '').map((name) => name.toLowerCase()));
  return [...names].every((name) => FIELD_NAME.test(name)) ? [...names].sort() : undefined;
}

/** Whether a request matches the selecting header fields of a stored response. */
export function matchesSelectingFields(request: HeaderFields, selecting: SelectingFields): boolean {
  return selecting.every(([name, value]) => hashedField(request, name) === value);
}

/** Values are hashed because a response may vary on credentials, which must not reach the store. */
function hashedField(request: HeaderFields, name: string): string | null {
  const value = normalised(request, name);
  return value === null ? null : hashOf(value);
}

const hashOf = memoize((value) => hash('sha256', value, 'base64url'));

/**
 * Joins field lines and removes white space around commas, which does not change the meaning of a list. Keeps
 * the order of members: some origins treat the order of Accept-Language as the order of preference. Quoted
 * strings are kept as they are, and so is a value with a quote that is not closed.
 */
function normalised(request: HeaderFields, name: string): string | null {
  const value = fieldValue(request, name);
  if (value === undefined) return null;
  const members = splitOutsideQuotes(value)?.map(trimSpace);
  if (!members) return value;
  return members
    .filter((member) => member !== '')
    .map((member) => withoutCase(name, member))
    .join(',');
}

/** @returns undefined if a quote is not closed */
function splitOutsideQuotes(value: string): string[] | undefined {
  if (!value.includes('"')) return value.split(',');
  const members = [''];
  let length = 0;
  for (const [part] of value.matchAll(PART)) {
    length += part.length;
    if (part === ',') members.push('');
    else members[members.length - 1] += part;
  }
  return length === value.length ? members : undefined;
}

/** Puts the case-insensitive parts of a member in lower case: of Accept, only the media type. */
function withoutCase(name: string, member: string): string {
  const pattern =
    name === 'accept' ? /^[^";]+/ : CASE_INSENSITIVE.has(name) ? /"(?:[^"\\]|\\.)*"|[^"]+/gs : undefined;
  return pattern
    ? member.replace(pattern, (part) => (part.startsWith('"') ? part : part.toLowerCase()))
    : member;
}
