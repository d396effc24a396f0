import { Type } from 'typebox';
import type { EngineRegistry } from '../../engines/registry.ts';
import type { Answers, ReadAnswer } from '../answers.ts';
import type { CachedReply } from '../cached-reply.ts';
import type { Api } from '../context.ts';
import { EngineId, problems } from '../schemas/common.ts';
import { ContainerStatsSchema, EngineSchema, TotalStatsSchema } from '../schemas/engines.ts';
import { StatusSchema } from '../schemas/status.ts';

/** The polled reads of engines and the orchestrator, each from the cache. */
export function cachedRoutes(api: Api, answers: Answers, reply: CachedReply, registry: EngineRegistry): void {
  const failures = problems('runtime_unavailable', 'timeout', 'stats_unavailable');
  const route = (url: string, read: ReadAnswer, schema: object) => {
    api.get(url, { schema }, (request, response) => reply(request, response, read));
  };

  route('/engines', answers.engines, {
    tags: ['engines'],
    summary: 'All engines, by port',
    response: { 200: Type.Array(EngineSchema), ...failures },
  });
  route('/engines/stats/all', answers.statsAll, {
    tags: ['engines'],
    summary: 'Figures of each engine; one that could not be read is left out',
    response: { 200: Type.Record(Type.String(), ContainerStatsSchema), ...failures },
  });
  route('/engines/stats/total', answers.statsTotal, {
    tags: ['engines'],
    summary: 'Figures of all engines together',
    response: { 200: TotalStatsSchema, ...failures },
  });
  route('/orchestrator/status', answers.status, {
    tags: ['orchestrator'],
    summary: 'The state of the whole, and whether an engine can be provisioned',
    response: { 200: StatusSchema, ...failures },
  });

  api.get(
    '/engines/:id/stats',
    {
      schema: {
        tags: ['engines'],
        summary: 'Figures of one engine',
        params: EngineId,
        response: {
          200: ContainerStatsSchema,
          ...problems(
            'invalid_request',
            'engine_not_found',
            'runtime_unavailable',
            'timeout',
            'stats_unavailable',
          ),
        },
      },
    },
    (request, response) => {
      // Checked before the cache is read: a stale answer must not be served for an engine that no longer exists.
      registry.require(request.params.id);
      return reply(request, response, answers.statsOf(request.params.id));
    },
  );
}
