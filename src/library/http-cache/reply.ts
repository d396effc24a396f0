import type { ByteQueue } from './byte-queue.ts';
import { type Handling, withCacheStatus } from './cache-status.ts';
import { clientHas, ifRangeHolds } from './conditional.ts';
import type { HeaderFields } from './headers.ts';
import type { CacheRequest } from './key.ts';
import { singleRange } from './range.ts';
import type { StoredResponse } from './stored-response.ts';

/** What a request is answered with. */
export interface HttpReply {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderFields;
  readonly body: Uint8Array | ByteQueue;
}

export const NO_BODY = new Uint8Array();

/** Fields about a body that is not sent. */
const OF_THE_BODY = ['content-length', 'content-encoding', 'content-range', 'content-type'];

/** Whether a stored response answers this request without its body. */
export function needsNoBody(request: CacheRequest, stored: StoredResponse): boolean {
  return request.method === 'HEAD' || clientHas(request.headers, stored);
}

/**
 * The answer to a request out of a stored response: all of it, one range, or the word that the client has it.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4
 */
export function answerFrom(
  request: CacheRequest,
  stored: StoredResponse,
  body: Uint8Array,
  ageS: number,
  handling: Handling,
): HttpReply {
  const headers = withCacheStatus({ ...stored.headers, age: String(Math.round(ageS)) }, handling);
  if (clientHas(request.headers, stored)) {
    for (const name of OF_THE_BODY) delete headers[name];
    return { status: 304, statusText: 'Not Modified', headers, body: NO_BODY };
  }
  const whole: HttpReply = { status: stored.status, statusText: stored.statusText, headers, body };
  if (request.method === 'HEAD') return { ...whole, body: NO_BODY };
  if (request.headers.range === undefined || stored.status !== 200) return whole;
  if (!ifRangeHolds(request.headers, stored)) return whole;
  const length = body.byteLength;
  const range = singleRange(request.headers, length);
  // Several ranges, or what is no range: https://www.rfc-editor.org/rfc/rfc9110.html#section-14.2 lets them be
  if (range === undefined) return whole;
  if (range === 'unsatisfiable') {
    for (const name of OF_THE_BODY) delete headers[name];
    headers['content-range'] = `bytes */${length}`;
    return { status: 416, statusText: 'Range Not Satisfiable', headers, body: NO_BODY };
  }
  const { start, end } = range;
  headers['content-range'] = `bytes ${start}-${end - 1}/${length}`;
  headers['content-length'] = String(end - start);
  return { status: 206, statusText: 'Partial Content', headers, body: body.subarray(start, end) };
}

/** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.7 */
export function notCached(): HttpReply {
  const headers = withCacheStatus({ 'content-length': '0' }, { detail: 'only-if-cached' });
  return { status: 504, statusText: 'Gateway Timeout', headers, body: NO_BODY };
}
