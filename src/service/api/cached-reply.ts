import { validateHeaderValue } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CacheRead, ReadOutcome } from '../../library/cache/index.ts';
import { matchesIfNoneMatch } from '../../library/util/etag.ts';
import type { Answer, ReadAnswer } from './answers.ts';
import type { ClientReads } from './client-reads.ts';
import { encodedBody, MIN_COMPRESSED_BYTES, preferredCoding } from './content-coding.ts';
import type { CommonHeaders } from './plugins/headers.ts';

/**
 * Replies to a request with a cached answer, or with 304 if the client has it. A hit writes the bytes that
 * were made when the answer was loaded. Rejects with the error of the load.
 */
export type CachedReply = (
  request: FastifyRequest,
  reply: FastifyReply,
  read: ReadAnswer<unknown>,
) => void | Promise<void>;

/**
 * @param headers added to every reply, because the hooks that add them elsewhere do not run
 * @param clientReads counts every reply
 */
export function createCachedReply(headers: CommonHeaders, clientReads: ClientReads): CachedReply {
  // Name, value, name, value, …: the form that Node.js writes fastest.
  const vary = headers.Vary === undefined ? 'Accept-Encoding' : `${headers.Vary}, Accept-Encoding`;
  const commonHeaders = Object.entries({ ...headers, Vary: vary }).flat();
  const send = (request: FastifyRequest, reply: FastifyReply, read: CacheRead<Answer<unknown>>) => {
    clientReads.record(read.outcome);
    write(request, reply, read, commonHeaders);
  };
  return (request, reply, readAnswer) => {
    const read = readAnswer();
    if (read instanceof Promise) return read.then((loaded) => send(request, reply, loaded));
    send(request, reply, read);
  };
}

/**
 * Writes the reply without Fastify's serialization and hooks. Bytes, validator and length are already known,
 * and these steps would take most of the time of a hit.
 */
function write(
  request: FastifyRequest,
  reply: FastifyReply,
  read: CacheRead<Answer<unknown>>,
  commonHeaders: readonly string[],
): void {
  const { body, etag } = read.value;
  const headers = [
    ...commonHeaders,
    'ETag',
    etag,
    'Cache-Control',
    'private, no-cache',
    'Age',
    String(Math.floor(read.ageS)),
    'Cache-Status',
    cacheStatus(read.outcome, read.ttlS),
  ];
  const condition = request.headers['if-none-match'];
  const accepted = request.headers['accept-encoding'];
  const coding =
    accepted === undefined || body.length < MIN_COMPRESSED_BYTES ? null : preferredCoding(accepted);
  const sent = coding === null ? body : encodedBody(read.value, coding);
  const length = String(sent.length);
  // Whatever throws comes before `hijack`: after it, Fastify does not reply to an error.
  validateHeaderValue('ETag', etag);
  reply.hijack();
  if (condition !== undefined && matchesIfNoneMatch(condition, etag)) {
    reply.raw.writeHead(304, headers).end();
  } else {
    headers.push('Content-Type', 'application/json; charset=utf-8', 'Content-Length', length);
    if (coding !== null) headers.push('Content-Encoding', coding);
    reply.raw.writeHead(200, headers).end(sent, 'latin1');
  }
}

/**
 * Value of the `Cache-Status` field. For a stale answer, the request was forwarded and failed.
 * @see https://www.rfc-editor.org/rfc/rfc9211.html
 */
function cacheStatus(outcome: ReadOutcome, ttlS: number): string {
  const ttl = Math.floor(ttlS);
  switch (outcome) {
    case 'hit':
      return `roundhouse; hit; ttl=${ttl}`;
    case 'miss':
      return `roundhouse; fwd=miss; ttl=${ttl}`;
    case 'collapsed':
      return `roundhouse; fwd=miss; collapsed; ttl=${ttl}`;
    case 'stale':
      return `roundhouse; fwd=stale; ttl=${ttl}`;
    case 'bypass':
      return 'roundhouse; fwd=bypass';
  }
}
