import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CacheRead, LoadingCache, ReadOutcome } from '../../library/cache/index.ts';
import { matchesIfNoneMatch } from '../../library/util/etag.ts';
import type { Answer, CachedRead } from './answers.ts';
import type { CommonHeaders } from './plugins/headers.ts';

/** Answers a request from the cache. A hit is written as the bytes made when the value was loaded. */
export type CachedReply = (
  request: FastifyRequest,
  reply: FastifyReply,
  read: CachedRead<unknown>,
) => void | Promise<void>;

export function createCachedReply(cache: LoadingCache, headers: CommonHeaders): CachedReply {
  // Name, value, name, value …: the form that Node writes with the least work.
  const commonHeaders = Object.entries(headers).flat();
  return (request, reply, { key, ttlS, load }) => {
    const answer = cache.read(key, load, { ttlS });
    if (answer instanceof Promise) return answer.then((read) => write(request, reply, read, commonHeaders));
    write(request, reply, answer, commonHeaders);
  };
}

/**
 * Writes the reply past Fastify's serialisation and hooks: bytes, validator and length are known, and what
 * those steps add to a hit is most of what a hit costs.
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
    describe(read.outcome, read.ttlS),
  ];
  reply.hijack();
  const condition = request.headers['if-none-match'];
  if (condition !== undefined && matchesIfNoneMatch(condition, etag)) {
    reply.raw.writeHead(304, headers).end();
  } else {
    headers.push('Content-Type', 'application/json; charset=utf-8', 'Content-Length', String(body.length));
    reply.raw.writeHead(200, headers).end(body, 'latin1');
  }
}

/** RFC 9211. A stale answer was to be fetched anew, and could not be. */
function describe(outcome: ReadOutcome, ttlS: number): string {
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
