import type { Api } from '../../../context.ts';
import type { RouteDependencies } from '../../../dependencies.ts';
import { beginLog, DEFAULT_TAIL, LogsQuery, logResponse } from '../../../logs/log-route.ts';
import { KEY_CODES, KEY_SECURITY, problems } from '../../../schemas/problem.ts';
import { SessionId } from '../../../schemas/sessions.ts';
import { toMs } from '../../../schemas/since.ts';

/** `/browser/sessions/{id}/logs`: the console of a session. */
export function sessionLogRoutes(
  api: Api,
  {
    browserApps,
    logReaders,
    checkKey,
    forwardSession,
    headers,
  }: Pick<RouteDependencies, 'browserApps' | 'logReaders' | 'checkKey' | 'forwardSession' | 'headers'>,
): void {
  api.get(
    '/',
    {
      onRequest: [checkKey, forwardSession],
      exposeHeadRoute: false,
      schema: {
        tags: ['apps'],
        summary: 'The console of a session and uncaught exceptions, oldest line first',
        description:
          'Each entry begins with its time and kind, as in `2026-01-31T12:00:00.000Z [warning] text`. The latest 2000 entries are kept. Secrets of the manifest are replaced by `***`.',
        security: KEY_SECURITY,
        params: SessionId,
        querystring: LogsQuery,
        response: {
          200: logResponse('With `follow`, it ends when the session or the service stops.'),
          ...problems(
            'invalid_request',
            ...KEY_CODES,
            'session_not_found',
            'owner_unreachable',
            'logs_unavailable',
            'too_many_clients',
          ),
        },
      },
    },
    async ({ params: { id }, query }, reply) => {
      const { log } = browserApps.sessions.require(id);
      const { follow = false, tail = DEFAULT_TAIL } = query;
      const since = query.since === undefined ? null : toMs(query.since);
      await logReaders.serve(reply.raw, {
        follow,
        open: async (signal) => log.read({ tail, follow, since, signal }),
        begin: () => beginLog(reply, headers, follow),
      });
    },
  );
}
