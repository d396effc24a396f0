import { matchesIfNoneMatch } from '../util/etag.ts';
import { fieldValue, type HeaderFields } from './headers.ts';
import { parseHttpDate } from './http-date.ts';
import type { StoredResponse } from './stored-response.ts';

const PRECONDITIONS = ['if-none-match', 'if-modified-since'];

/**
 * The request, asking only for what differs from the stored response; undefined where that has nothing to
 * compare by. Conditions of the client's own give way: they are judged against what comes of this.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.1
 */
export function validating(
  request: HeaderFields,
  { headers }: StoredResponse,
  nowMs: number,
): HeaderFields | undefined {
  const etag = fieldValue(headers, 'etag');
  const lastModified = fieldValue(headers, 'last-modified');
  const usableDate = parseHttpDate(lastModified, nowMs) === undefined ? undefined : lastModified;
  if (etag === undefined && usableDate === undefined) return undefined;
  const fields: HeaderFields = Object.assign(Object.create(null), request);
  for (const name of PRECONDITIONS) delete fields[name];
  if (etag !== undefined) fields['if-none-match'] = etag;
  if (usableDate !== undefined) fields['if-modified-since'] = usableDate;
  return fields;
}

/**
 * Whether the client has the stored response already.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-13.2.2
 */
export function clientHas(request: HeaderFields, stored: StoredResponse): boolean {
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
 * Whether a range of the stored response is part of what the client has.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.5
 */
export function ifRangeHolds(request: HeaderFields, { headers }: StoredResponse): boolean {
  const condition = fieldValue(request, 'if-range');
  if (condition === undefined) return true;
  if (condition.startsWith('W/')) return false;
  return condition === fieldValue(headers, condition.startsWith('"') ? 'etag' : 'last-modified');
}
