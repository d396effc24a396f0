import { summarize } from '../../../browser/cluster/session-summary.ts';
import type { Api } from '../../context.ts';
import type { RouteDependencies } from '../../dependencies.ts';
import { KEY_CODES, KEY_SECURITY, problems, WRITE_CODES } from '../../schemas/problem.ts';
import {
  ExecuteBody,
  ExecutedSchema,
  SessionChange,
  SessionId,
  SessionSchema,
  SessionsSchema,
  TrafficSchema,
} from '../../schemas/sessions.ts';
import { toWireSession } from '../../views/apps.ts';

const DEFAULT_TIMEOUT_S = 10;
const BODY_LIMIT = 2 * 1024 * 1024;

/** `/browser/sessions`: the sessions of browser apps. All of it needs the key. */
export function browserSessionRoutes(
  api: Api,
  {
    browserApps,
    appAnswers,
    cachedReply,
    checkKey,
    forwardSession,
    limits,
  }: Pick<
    RouteDependencies,
    'browserApps' | 'appAnswers' | 'cachedReply' | 'checkKey' | 'forwardSession' | 'limits'
  >,
): void {
  const { sessions } = browserApps;
  const common = { tags: ['apps'], security: KEY_SECURITY };
  const one = { ...common, params: SessionId };
  const reads = [
    'invalid_request',
    ...KEY_CODES,
    'session_not_found',
    'owner_unreachable',
    'timeout',
  ] as const;
  api.addHook('onRequest', checkKey);
  api.addHook('onRequest', forwardSession);

  api.get(
    '/',
    {
      schema: {
        ...common,
        summary: 'List the sessions: those that run, and the last 100 that have ended',
        description:
          'The oldest first. A session that has failed stays listed with its reason, code, log and last screenshot.',
        response: { 200: SessionsSchema, ...problems(...KEY_CODES, 'timeout') },
      },
    },
    (request, reply) => cachedReply(request, reply, appAnswers.sessions),
  );

  api.get(
    '/:id',
    {
      schema: {
        ...one,
        summary: 'Get a session',
        description: 'Its status, why it has ended, and its requests so far.',
        response: { 200: SessionSchema, ...problems(...reads) },
      },
    },
    (request, reply) => {
      const { id } = browserApps.requireSession(request.params.id);
      return cachedReply(request, reply, appAnswers.session(id));
    },
  );

  api.patch(
    '/:id',
    {
      schema: {
        ...one,
        summary: 'Change what a session does with the cache',
        description: 'Applies to this session only, and to requests from now on.',
        body: SessionChange,
        response: {
          200: SessionSchema,
          ...problems(...WRITE_CODES, 'session_not_found', 'session_not_running', 'owner_unreachable'),
        },
      },
    },
    async ({ params: { id }, body: { mode } }) => {
      const session = sessions.require(id);
      session.setMode(mode);
      return toWireSession(summarize(session));
    },
  );

  api.delete(
    '/:id',
    {
      schema: {
        ...one,
        summary: 'End a session, or remove one that has ended from the list',
        description: 'A session with a profile saves it before the reply is sent.',
        response: {
          200: SessionSchema,
          ...problems(...WRITE_CODES, 'session_not_found', 'owner_unreachable', 'cluster_unavailable'),
        },
      },
    },
    async ({ params: { id } }) => toWireSession(await browserApps.stop(id)),
  );

  api.get(
    '/:id/traffic',
    {
      schema: {
        ...one,
        summary: 'Requests and bytes of a session',
        description: 'Since its start, also after its end.',
        response: { 200: TrafficSchema, ...problems(...reads, 'session_not_running') },
      },
    },
    (request, reply) => {
      const { id } = sessions.require(request.params.id);
      return cachedReply(request, reply, appAnswers.traffic(id));
    },
  );

  if (!limits.browserExecute) return;
  api.post(
    '/:id/execute',
    {
      bodyLimit: BODY_LIMIT,
      schema: {
        ...one,
        summary: 'Execute JavaScript in the page of a session',
        description: 'In the page only. BROWSER_EXECUTE=false removes this route.',
        body: ExecuteBody,
        response: {
          200: ExecutedSchema,
          ...problems(
            ...WRITE_CODES,
            'script_failed',
            'session_not_found',
            'session_not_running',
            'owner_unreachable',
            'timeout',
          ),
        },
      },
    },
    async ({ params: { id }, body: { script, timeout_s: timeoutS = DEFAULT_TIMEOUT_S } }) => ({
      result: await sessions.require(id).execute(script, timeoutS * 1000),
    }),
  );
}
