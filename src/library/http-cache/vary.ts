import { hash } from 'node:crypto';
import { fieldList, fieldValue, type HeaderFields } from './headers.ts';
import type { StoredResponse } from './stored-response.ts';

/** Fields whose values mean the same in whatever case they are written. */
const CASE_INSENSITIVE = new Set(['accept', 'accept-charset', 'accept-encoding', 'accept-language']);

export type Selection = StoredResponse['vary'];

/**
 * What a request has in the fields that its response varies on; undefined where the response varies on more
 * than that, and so matches no request.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.1
 */
export function selectionOf(request: HeaderFields, response: HeaderFields): Selection | undefined {
  const names = new Set(fieldList(response, 'vary').map((name) => name.toLowerCase()));
  if (names.has('*')) return undefined;
  return [...names].sort().map((name) => [name, fingerprint(request, name)] as const);
}

export function matchesSelection(request: HeaderFields, selection: Selection): boolean {
  return selection.every(([name, value]) => fingerprint(request, name) === value);
}

/** Hashed: a response may vary on credentials, and those are not for a store to see. */
function fingerprint(request: HeaderFields, name: string): string | null {
  const value = normalised(request, name);
  return value === null ? null : hash('sha256', value, 'base64url');
}

/**
 * Lines are joined and white space around commas is dropped, which changes no list. The order of members
 * stays: for languages some origins take it as the preference.
 */
function normalised(request: HeaderFields, name: string): string | null {
  const value = fieldValue(request, name);
  if (value === undefined) return null;
  const members = value.split(',').map((member) => member.trim());
  const joined = members.filter((member) => member !== '').join(',');
  return CASE_INSENSITIVE.has(name) ? joined.toLowerCase() : joined;
}
