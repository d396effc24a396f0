import type { FastifySchema } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { ErrorCode } from '../errors.ts';
import type { ReadAnswer } from './answers.ts';
import type { CachedReply } from './cached-reply.ts';
import type { Api } from './context.ts';
import { problems } from './schemas/problem.ts';

/** A GET route that replies with a cached answer. */
export interface CachedGet<S extends TSchema> {
  /** Tag in the OpenAPI document. */
  tag: string;
  summary: string;
  description?: string;
  /** Schema of the body of a 200. */
  body: S;
  /** Errors of the load. */
  errors: readonly ErrorCode[];
  /** Must return the type that `body` describes. */
  read: ReadAnswer<Static<S>>;
}

/** Declares a route that replies with a cached answer. */
export function declareCachedGet<S extends TSchema>(
  api: Api,
  url: string,
  cachedReply: CachedReply,
  { tag, body, errors, read, ...texts }: CachedGet<S>,
): void {
  const schema: FastifySchema = { tags: [tag], ...texts, response: { 200: body, ...problems(...errors) } };
  api.get(url, { schema }, (request, reply) => cachedReply(request, reply, read));
}
