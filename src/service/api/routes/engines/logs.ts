import { RoundhouseError } from '../../../errors.ts';
import type { Api } from '../../context.ts';
import type { RouteDependencies } from '../../dependencies.ts';
import { beginLog, DEFAULT_TAIL, LogsQuery, logResponse } from '../../logs/log-route.ts';
import { EngineId } from '../../schemas/common.ts';
import { KEY_CODES, KEY_SECURITY, problems } from '../../schemas/problem.ts';
import { toMs } from '../../schemas/since.ts';

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
          200: logResponse('With `follow`, it ends when the engine or the service stops.'),
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
        begin: () => beginLog(reply, headers, follow),
      });
    },
  );
}
