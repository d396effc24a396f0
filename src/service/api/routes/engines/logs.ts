import { Type } from 'typebox';
import { RoundhouseError } from '../../../errors.ts';
import type { Api } from '../../context.ts';
import type { RouteDependencies } from '../../dependencies.ts';
import { EngineId } from '../../schemas/common.ts';
import { KEY_CODES, KEY_SECURITY, problems } from '../../schemas/problem.ts';
import { Since, toMs } from '../../schemas/since.ts';

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

/**
 * `/engines/{id}/logs`: what an engine writes. Needs the key, because it may say what is played, and by whom.
 */
export function engineLogRoutes(
  api: Api,
  dependencies: Pick<RouteDependencies, 'registry' | 'runtime' | 'logReaders' | 'checkKey' | 'headers'>,
): void {
  const { registry, runtime, logReaders, checkKey, headers } = dependencies;
  api.addHook('preClose', () => logReaders.close());
  api.get(
    '/',
    {
      onRequest: checkKey,
      exposeHeadRoute: false,
      schema: {
        tags: ['engines'],
        summary: 'Standard output and standard error of an engine, oldest line first',
        description:
          'Control characters other than line feed and tab are escaped, as in `\\x1b[31m`. If a log cannot be read to its end, the connection is closed before the response is complete.',
        security: KEY_SECURITY,
        params: EngineId,
        querystring: LogsQuery,
        response: {
          200: {
            description: 'Plain text. With `follow`, it ends when the engine or the service stops.',
            content: { 'text/plain': { schema: Type.String() } },
          },
          ...problems(
            'invalid_request',
            ...KEY_CODES,
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
      await logReaders.serve(reply.raw, {
        follow,
        open: async (signal) => {
          const bytes = await runtime.logs(id, { tail, follow, since, signal });
          if (bytes) return bytes;
          throw new RoundhouseError('engine_not_found', `There is no engine with the id ${id}`);
        },
        begin: () => {
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
        },
      });
    },
  );
}
