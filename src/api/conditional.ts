import type { FastifyReply, FastifyRequest } from 'fastify';
import { etagMatches } from './etag.ts';

/** Answers 304 where the client has what the validator stands for, else the JSON that `make` returns. */
export function sendUnlessKnown(
  request: FastifyRequest,
  reply: FastifyReply,
  etag: string,
  make: () => unknown,
): FastifyReply {
  reply.headers({ ETag: etag, 'Cache-Control': 'private, no-cache' });
  const condition = request.headers['if-none-match'];
  if (condition !== undefined && etagMatches(condition, etag)) return reply.code(304).send();
  // As text: thousands of figures are written faster by JSON.stringify than by way of a schema.
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(make()));
}
