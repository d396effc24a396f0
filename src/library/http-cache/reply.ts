import type { ByteQueue } from './byte-queue.ts';
import { type CacheStatus, withCacheStatus } from './cache-status.ts';
import { isNotModified, matchesIfRange } from './conditional.ts';
import type { HeaderFields } from './headers.ts';
import type { CacheRequest } from './key.ts';
import { singleRange } from './range.ts';
import type { StoredResponse } from './stored-response.ts';

/** The response to a client's request, from the cache or the origin. */
export interface HttpReply {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderFields;
  /** Complete, if from the cache; a queue while it arrives from the origin. */
  readonly body: Uint8Array | ByteQueue;
}

/** A reply from the cache. */
export interface CompleteReply extends HttpReply {
  readonly body: Uint8Array;
}

/** The body of a reply without content. */
export const NO_BODY = new Uint8Array();

/** Fields that describe the content, dropped from replies without it. */
const CONTENT_FIELDS = ['content-length', 'content-encoding', 'content-range', 'content-type'];

/** Whether the reply to a request, made from a stored response, has no content: one to HEAD, or a 304. */
export function hasNoContent(request: CacheRequest, stored: StoredResponse): boolean {
  return request.method === 'HEAD' || isNotModified(request.headers, stored);
}

/**
 * Makes the reply to a request from a stored response: complete, 304, 206 with a single range, or 416.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4
 */
export function replyFrom(
  request: CacheRequest,
  stored: StoredResponse,
  body: Uint8Array,
  ageS: number,
  cacheStatus: CacheStatus,
): CompleteReply {
  const headers = withCacheStatus({ ...stored.headers, age: String(Math.floor(ageS)) }, cacheStatus);
  if (isNotModified(request.headers, stored)) {
    for (const name of CONTENT_FIELDS) delete headers[name];
    return { status: 304, statusText: 'Not Modified', headers, body: NO_BODY };
  }
  const complete: CompleteReply = { status: stored.status, statusText: stored.statusText, headers, body };
  if (request.method === 'HEAD') return { ...complete, body: NO_BODY };
  if (request.headers.range === undefined || stored.status !== 200) return complete;
  if (!matchesIfRange(request.headers, stored)) return complete;
  const length = body.byteLength;
  const range = singleRange(request.headers, length);
  // Several ranges or a malformed field may be ignored:
  // https://www.rfc-editor.org/rfc/rfc9110.html#section-14.2
  if (range === undefined) return complete;
  if (range === 'unsatisfiable') {
    for (const name of CONTENT_FIELDS) delete headers[name];
    headers['content-range'] = `bytes */${length}`;
    return { status: 416, statusText: 'Range Not Satisfiable', headers, body: NO_BODY };
  }
  const { start, end } = range;
  headers['content-range'] = `bytes ${start}-${end - 1}/${length}`;
  headers['content-length'] = String(end - start);
  return { status: 206, statusText: 'Partial Content', headers, body: body.subarray(start, end) };
}

/**
 * The reply to an `only-if-cached` request that no stored response satisfies.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.7
 */
export function gatewayTimeout(): HttpReply {
  const headers = withCacheStatus({ 'content-length': '0' }, { detail: 'only-if-cached' });
  return { status: 504, statusText: 'Gateway Timeout', headers, body: NO_BODY };
}
