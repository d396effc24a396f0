import { Type } from 'typebox';
import type { EngineRegistry } from '../../engines/registry.ts';
import type { EngineRuntime } from '../../engines/runtime.ts';
import { RoundhouseError } from '../../errors.ts';
import type { Api } from '../context.ts';
import type { LogReaders } from '../logs/log-readers.ts';
import type { KeyCheck } from '../plugins/auth.ts';
import type { CommonHeaders } from '../plugins/headers.ts';
import { EngineId, KEY_SECURITY, problems } from '../schemas/common.ts';
import { Since, toMs } from '../schemas/since.ts';

const DEFAULT_TAIL = 200;

const LogsQuery = Type.Object({
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
      description: 'Whether to also send lines as they are written, until the engine ends',
    }),
  ),
  since: Type.Optional(Since),
});

export interface LogRoutesParts {
  registry: EngineRegistry;
  runtime: EngineRuntime;
  readers: LogReaders;
  checkKey: KeyCheck;
  headers: CommonHeaders;
}

/** What engines write. It may name what is played and from where, so it needs the key, unlike other reads. */
export function logRoutes(api: Api, { registry, runtime, readers, checkKey, headers }: LogRoutesParts): void {
  api.addHook('preClose', () => readers.close());
  api.get(
    '/engines/:id/logs',
    {
      onRequest: checkKey,
      exposeHeadRoute: false,
      schema: {
        tags: ['engines'],
        summary: 'What an engine has written to its standard output and error, the oldest line first',
        description:
          'Control characters other than line feed and tab are shown by their codes, as in `\\x1b[31m`. An answer that breaks off is not whole.',
        security: KEY_SECURITY,
        params: EngineId,
        querystring: LogsQuery,
        response: {
          200: {
            description: 'Plain text; with `follow` it goes on until the engine or the service ends',
            content: { 'text/plain': { schema: Type.String() } },
          },
          ...problems(
            'invalid_request',
            'ambiguous_key',
            'missing_key',
            'wrong_key',
            'engine_not_found',
            'runtime_unavailable',
            'logs_unavailable',
            'too_many_clients',
          ),
        },
      },
    },
    async ({ params: { id }, query }, reply) => {
      registry.require(id);
      const { follow = false, tail = DEFAULT_TAIL } = query;
      const since = query.since === undefined ? null : toMs(query.since);
      await readers.serve(reply.raw, {
        follow,
        open: async (signal) => {
          const bytes = await runtime.logs(id, { tail, follow, since, signal });
          if (bytes) return bytes;
          throw new RoundhouseError('engine_not_found', 'No managed engine has this id');
        },
        begin: () => {
          reply.hijack();
          reply.raw.writeHead(200, {
            ...headers,
            'Content-Type': 'text/plain; charset=utf-8',
            'Cache-Control': 'no-store',
            // nginx would collect lines until a buffer is full.
            'X-Accel-Buffering': 'no',
            // Kept open, the connection would hold up the stop of the service after the log has ended.
            ...(follow ? { Connection: 'close' } : {}),
          });
          reply.raw.flushHeaders();
        },
      });
    },
  );
}
