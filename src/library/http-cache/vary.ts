import { hash } from 'node:crypto';
import { memoize } from '../util/memo.ts';
import { fieldList, fieldValue, type HeaderFields } from './headers.ts';
import type { StoredResponse } from './stored-response.ts';

/** Fields whose values are compared case-insensitively. */
const CASE_INSENSITIVE = new Set(['accept', 'accept-charset', 'accept-encoding', 'accept-language']);

/** Names and hashed values of the selecting header fields, sorted by name. */
export type SelectingFields = StoredResponse['vary'];

/**
 * The request's selecting header fields: those that the response's Vary nominates.
 * @returns undefined for `Vary: *`, which no request matches
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.1
 */
export function selectingFields(request: HeaderFields, response: HeaderFields): SelectingFields | undefined {
  const names = new Set(fieldList(response, 'vary').map((name) => name.toLowerCase()));
  if (names.has('*')) return undefined;
  return [...names].sort().map((name) => [name, hashedField(request, name)] as const);
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
 * the order of members: some origins treat the order of Accept-Language as the order of preference.
 */
function normalised(request: HeaderFields, name: string): string | null {
  const value = fieldValue(request, name);
  if (value === undefined) return null;
  const members = value.split(',').map((member) => member.trim());
  const joined = members.filter((member) => member !== '').join(',');
  return CASE_INSENSITIVE.has(name) ? joined.toLowerCase() : joined;
}
