import { matchesIfNoneMatch } from '../util/etag.ts';
import { fieldValue, type HeaderFields } from './headers.ts';
import { formatHttpDate, parseHttpDate } from './http-date.ts';
import type { StoredResponse } from './stored-response.ts';

const PRECONDITIONS = ['if-none-match', 'if-modified-since'];

/** An entity tag. One without quotes does not conform, but some origins recognise their own. */
const USABLE_ETAG = /^(?:(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"|(?!\*$)[^\s",]+)$/;

/**
 * The validators of a response that a conditional request may contain. Any other malformed entity tag could
 * mean something else in If-None-Match: `*` matches any representation, and a list each of its members.
 */
function validatorsOf({ headers, receivedAt }: Pick<StoredResponse, 'headers' | 'receivedAt'>) {
  const etag = fieldValue(headers, 'etag');
  const lastModified = fieldValue(headers, 'last-modified');
  return {
    etag: etag !== undefined && USABLE_ETAG.test(etag) ? etag : undefined,
    lastModified: parseHttpDate(lastModified, receivedAt) === undefined ? undefined : lastModified,
  };
}

/** Whether a stored response can be validated with the origin. */
export function hasValidator(response: Pick<StoredResponse, 'headers' | 'receivedAt'>): boolean {
  const { etag, lastModified } = validatorsOf(response);
  return etag !== undefined || lastModified !== undefined;
}

/**
 * The header fields of a request that validates a stored response. The stored validators replace the client's
 * own preconditions, which are evaluated against the result.
 * @returns undefined if the stored response cannot be validated
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.3.1
 */
export function validationFields(request: HeaderFields, stored: StoredResponse): HeaderFields | undefined {
  const { etag, lastModified } = validatorsOf(stored);
  const hasOwn = PRECONDITIONS.some((name) => request[name] !== undefined);
  const since = etag === undefined && !hasOwn ? (lastModified ?? dateBefore(stored)) : lastModified;
  if (etag === undefined && since === undefined) return undefined;
  const fields: HeaderFields = Object.assign(Object.create(null), request);
  for (const name of PRECONDITIONS) delete fields[name];
  if (etag !== undefined) fields['if-none-match'] = etag;
  if (since !== undefined) fields['if-modified-since'] = since;
  return fields;
}

/**
 * The second before a response was generated, for a response without validators. A change within the same second
 * as its Date may have come after it. Only the origin's own Date is comparable with the origin's clock.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.3
 */
function dateBefore({ headers, receivedAt, dateAdded }: StoredResponse): string | undefined {
  const date = dateAdded ? undefined : parseHttpDate(fieldValue(headers, 'date'), receivedAt);
  return date === undefined ? undefined : formatHttpDate(date - 1000);
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
