import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { CommonHeaders } from '../plugins/headers.ts';
import { Since } from '../schemas/since.ts';

/** `tail`, if it is not given. */
export const DEFAULT_TAIL = 200;

/** Query of a route that sends a log. */
export const LogsQuery = Type.Object({
  tail: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 5000,
      default: DEFAULT_TAIL,
      description: 'Maximum number of lines that have already been written',
    }),
  ),
  follow: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Whether to also send lines as they are written, until the log ends',
    }),
  ),
  since: Type.Optional(Since),
});

/** The response of a route that sends a log. */
export function logResponse(description: string) {
  return {
    description: `Plain text. ${description}`,
    content: { 'text/plain': { schema: Type.String() } },
  };
}

/** Writes the head of the response, and takes it out of Fastify's hands. */
export function beginLog(reply: FastifyReply, headers: CommonHeaders, follow: boolean): void {
  reply.raw.writeHead(200, {
    ...headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    // Keeps nginx from buffering lines.
    'X-Accel-Buffering': 'no',
    // A connection that is kept alive would delay the stop of the service after the log has ended.
    ...(follow ? { Connection: 'close' } : {}),
  });
  reply.hijack();
  reply.raw.flushHeaders();
}
