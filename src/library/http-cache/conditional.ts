import { matchesIfNoneMatch } from '../util/etag.ts';
import { fieldValue, type HeaderFields } from './headers.ts';
import { parseHttpDate } from './http-date.ts';
import type { StoredResponse } from './stored-response.ts';

const PRECONDITIONS = ['if-none-match', 'if-modified-since'];

/**
 * The header fields of a request that validates a stored response. The stored validators replace the client's
 * own preconditions, which are evaluated against the result.
 * @returns undefined if the stored response has no validator
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.1
 */
export function validationFields(
  request: HeaderFields,
  { headers }: StoredResponse,
  nowMs: number,
): HeaderFields | undefined {
  const etag = fieldValue(headers, 'etag');
  const lastModified = fieldValue(headers, 'last-modified');
  const validDate = parseHttpDate(lastModified, nowMs) === undefined ? undefined : lastModified;
  if (etag === undefined && validDate === undefined) return undefined;
  const fields: HeaderFields = Object.assign(Object.create(null), request);
  for (const name of PRECONDITIONS) delete fields[name];
  if (etag !== undefined) fields['if-none-match'] = etag;
  if (validDate !== undefined) fields['if-modified-since'] = validDate;
  return fields;
}

/**
 * Whether a request's preconditions make the reply a 304, as the client already has the stored response.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-13.2.2
 */
export function isNotModified(request: HeaderFields, stored: StoredResponse): boolean {
  const { headers, receivedAt } = stored;
  if (stored.status !== 200) return false;
  if (request['if-none-match'] !== undefined) {
    return matchesIfNoneMatch(fieldValue(request, 'if-none-match')!, fieldValue(headers, 'etag'));
  }
  const since = parseHttpDate(fieldValue(request, 'if-modified-since'), receivedAt);
  if (since === undefined) return false;
  const changed =
    parseHttpDate(fieldValue(headers, 'last-modified'), receivedAt) ??
    parseHttpDate(fieldValue(headers, 'date'), receivedAt) ??
    receivedAt;
  return changed <= since;
}

/**
 * Whether a request's If-Range, if any, matches the stored response, so that its Range applies.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.5
 */
export function matchesIfRange(request: HeaderFields, { headers }: StoredResponse): boolean {
  const condition = fieldValue(request, 'if-range');
  if (condition === undefined) return true;
  if (condition.startsWith('W/')) return false;
  return condition === fieldValue(headers, condition.startsWith('"') ? 'etag' : 'last-modified');
}
