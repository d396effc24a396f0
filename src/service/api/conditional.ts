import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesIfNoneMatch, weakEtag } from '../../library/util/etag.ts';

/**
 * Sends the JSON that `makeBody` returns, or 304 if the client has the representation with this entity tag.
 * @param etag known without making the body, which is what this saves
 */
export function sendIfModified(
  request: FastifyRequest,
  reply: FastifyReply,
  etag: string,
  makeBody: () => unknown,
): FastifyReply {
  if (setValidator(request, reply, etag)) return reply.send();
  // As text: for thousands of numbers, JSON.stringify is faster than serialization by a schema.
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(makeBody()));
}

/**
 * An `onSend` hook that adds an entity tag to the response, and sends 304 to a client that has the same
 * representation. It saves the client the transfer and the parsing; the response has still been made.
 */
export async function replaceUnmodified(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  if (reply.statusCode !== 200 || typeof payload !== 'string') return payload;
  const matches = setValidator(request, reply, weakEtag(payload));
  // Fastify's own hook for HEAD, which runs after this one, fails on null. It drops the payload itself.
  return matches && request.method !== 'HEAD' ? null : payload;
}

/**
 * Sets the entity tag, and status 304 if it matches the request's `If-None-Match`.
 * @returns whether it matches
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.2
 */
export function setValidator(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.headers({ ETag: etag, 'Cache-Control': 'private, no-cache' });
  const condition = request.headers['if-none-match'];
  const matches = condition !== undefined && matchesIfNoneMatch(condition, etag);
  if (matches) reply.code(304).removeHeader('content-type');
  return matches;
}
