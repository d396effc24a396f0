import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesIfNoneMatch, weakEtag } from '../../library/util/etag.ts';

/** Answers 304 where the client has what the validator stands for, else the JSON that `make` returns. */
export function sendUnlessKnown(
  request: FastifyRequest,
  reply: FastifyReply,
  etag: string,
  make: () => unknown,
): FastifyReply {
  if (markKnown(request, reply, etag)) return reply.send();
  // As text: thousands of figures are written faster by JSON.stringify than by way of a schema.
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(make()));
}

/**
 * As `onSend` of a route: gives its answer a validator, and sends nothing but 304 to a client that has the same.
 * That saves the bytes, and whoever polls the reading of them; the answer has been made all the same.
 */
export async function dropIfKnown(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  if (reply.statusCode !== 200 || typeof payload !== 'string') return payload;
  return markKnown(request, reply, weakEtag(payload)) ? null : payload;
}

/** Sets the validator, and the status 304 where the client names it. @returns whether it does */
function markKnown(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.headers({ ETag: etag, 'Cache-Control': 'private, no-cache' });
  const condition = request.headers['if-none-match'];
  const isKnown = condition !== undefined && matchesIfNoneMatch(condition, etag);
  if (isKnown) reply.code(304).removeHeader('content-type');
  return isKnown;
}
