import { type Api, allowNoBody } from '../../context.ts';
import type { RouteDependencies } from '../../dependencies.ts';
import { AppParams } from '../../schemas/apps.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../../schemas/problem.ts';
import { SessionSchema, StartBody } from '../../schemas/sessions.ts';
import { toWireSession } from '../../views/apps.ts';

/** `/apps/{workspace}/{app}/sessions`: starts an app. */
export function appSessionRoutes(
  api: Api,
  { browserApps, checkKey }: Pick<RouteDependencies, 'browserApps' | 'checkKey'>,
): void {
  api.post(
    '/',
    {
      onRequest: checkKey,
      preValidation: allowNoBody,
      schema: {
        tags: ['apps'],
        summary: 'Start an app in Chromium, and wait until it is ready',
        description:
          'If all sessions are in use, the start waits for BROWSER_QUEUE_TIMEOUT_S. A session that fails to start stays in `/browser/sessions`. If the app is a singleton that runs, the status is 200.',
        security: KEY_SECURITY,
        params: AppParams,
        body: StartBody,
        response: {
          200: SessionSchema,
          201: SessionSchema,
          ...problems(
            ...WRITE_CODES,
            'app_not_found',
            'profile_in_use',
            'profile_unavailable',
            'app_start_failed',
            'app_not_stored',
            'script_failed',
            'browser_crashed',
            'page_crashed',
            'memory_limit_exceeded',
            'too_many_sessions',
            'browser_unavailable',
            'cluster_unavailable',
            'timeout',
          ),
        },
      },
    },
    async ({ params: { workspace, app: appId }, body: { mode, profile, timeout_s: timeoutS } }, reply) => {
      const { session, isNew } = await browserApps.start(
        { workspace, appId },
        {
          ...(mode && { mode }),
          ...(profile !== undefined && { profile }),
          ...(timeoutS !== undefined && { timeoutS }),
        },
      );
      return reply.code(isNew ? 201 : 200).send(toWireSession(session));
    },
  );
}
