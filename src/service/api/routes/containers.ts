import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { EngineId } from '../schemas/common.ts';
import { ContainerSchema } from '../schemas/containers.ts';
import { problems } from '../schemas/problem.ts';
import { toWireContainer } from '../views/containers.ts';
import { declareEngineRemoval } from './engines.ts';

/** `/containers`: the containers of engines, for older clients. No other containers are read or removed. */
export function containerRoutes(
  api: Api,
  dependencies: Pick<RouteDependencies, 'registry' | 'views' | 'provisioner' | 'checkKey'>,
): void {
  const { registry, views } = dependencies;
  api.get(
    '/:id',
    {
      schema: {
        tags: ['engines'],
        summary: 'Get the container of an engine',
        description:
          'The shape that clients of other AceStream orchestrators expect. `GET /engines/{id}` has more.',
        params: EngineId,
        response: {
          200: ContainerSchema,
          ...problems('invalid_request', 'engine_not_found', 'runtime_unavailable'),
        },
      },
    },
    async ({ params }) => {
      const engine = registry.require(params.id);
      return toWireContainer(engine, views.labels(engine));
    },
  );

  declareEngineRemoval(api, dependencies);
}
