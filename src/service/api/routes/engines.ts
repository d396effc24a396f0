import type { Static } from 'typebox';
import type { ReadAnswer } from '../answers.ts';
import { declareCachedGet } from '../cached-get.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { EngineId } from '../schemas/common.ts';
import {
  EngineDetailsSchema,
  EngineListSchema,
  EngineRemovedSchema,
  EngineRestartedSchema,
  EngineStatsByIdSchema,
  EngineStatsSchema,
  TotalStatsSchema,
} from '../schemas/engines.ts';
import { KEY_SECURITY, problems, READ_CODES, WRITE_CODES } from '../schemas/problem.ts';

/** `/engines`: the engines and their resource usage. */
export function engineRoutes(
  api: Api,
  dependencies: Pick<
    RouteDependencies,
    'registry' | 'views' | 'answers' | 'cachedReply' | 'provisioner' | 'checkKey'
  >,
): void {
  const { registry, views, answers, cachedReply } = dependencies;
  declareCachedGet(api, '/', cachedReply, {
    tag: 'engines',
    summary: 'List all engines, ordered by port',
    description:
      'Engines that are starting are included. The response is cached, and invalidated when an engine changes.',
    body: EngineListSchema,
    errors: READ_CODES,
    read: answers.engines,
  });
  declareCachedGet(api, '/stats/all', cachedReply, {
    tag: 'engines',
    summary: 'Resource usage of each engine, by engine id',
    description: 'Engines whose usage could not be read are omitted.',
    body: EngineStatsByIdSchema,
    errors: [...READ_CODES, 'stats_unavailable'],
    read: answers.statsAll,
  });
  declareCachedGet(api, '/stats/total', cachedReply, {
    tag: 'engines',
    summary: 'Resource usage of all engines together',
    description:
      'Sums over the engines that could be read; `container_count` is their number. A network that several engines share is counted once.',
    body: TotalStatsSchema,
    errors: [...READ_CODES, 'stats_unavailable'],
    read: answers.statsTotal,
  });

  api.get(
    '/:id/stats',
    {
      schema: {
        tags: ['engines'],
        summary: 'Resource usage of one engine',
        description:
          'Network counters are those of the network namespace, which engines behind one VPN share.',
        params: EngineId,
        response: {
          200: EngineStatsSchema,
          ...problems('invalid_request', 'engine_not_found', ...READ_CODES, 'stats_unavailable'),
        },
      },
    },
    (request, reply) => {
      // Checked before the cache is read: a stale answer must not be served for an engine that no longer
      // exists.
      registry.require(request.params.id);
      const read: ReadAnswer<Static<typeof EngineStatsSchema>> = answers.statsOf(request.params.id);
      return cachedReply(request, reply, read);
    },
  );

  api.get(
    '/:id',
    {
      schema: {
        tags: ['engines'],
        summary: 'Get one engine and its streams',
        description: '`streams` contains those that are playing.',
        params: EngineId,
        response: {
          200: EngineDetailsSchema,
          ...problems('invalid_request', 'engine_not_found', 'runtime_unavailable'),
        },
      },
    },
    async ({ params }) => views.describe(registry.require(params.id)),
  );

  declareEngineRemoval(api, dependencies);

  api.post(
    '/:id/restart',
    {
      onRequest: dependencies.checkKey,
      schema: {
        tags: ['engines'],
        summary: 'Restart an engine',
        description: 'On the same port and with the same settings. Its streams end.',
        security: KEY_SECURITY,
        params: EngineId,
        response: {
          200: EngineRestartedSchema,
          ...problems(...WRITE_CODES, 'engine_not_found', 'provisioning_failed', 'runtime_unavailable'),
        },
      },
    },
    async ({ params }) => {
      const { id } = await dependencies.provisioner.restart(params.id);
      return { restarted: params.id, container_id: id };
    },
  );
}

/** Declares `DELETE /:id`. */
export function declareEngineRemoval(
  api: Api,
  { provisioner, checkKey }: Pick<RouteDependencies, 'provisioner' | 'checkKey'>,
): void {
  api.delete(
    '/:id',
    {
      onRequest: checkKey,
      schema: {
        tags: ['engines'],
        summary: 'Stop and remove an engine',
        description: 'Containers that are not managed engines are never removed.',
        security: KEY_SECURITY,
        params: EngineId,
        response: {
          200: EngineRemovedSchema,
          ...problems(...WRITE_CODES, 'engine_not_found', 'runtime_unavailable'),
        },
      },
    },
    async ({ params }) => {
      await provisioner.remove(params.id);
      return { deleted: params.id };
    },
  );
}
