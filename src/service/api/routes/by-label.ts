import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { ContainersSchema, LabelQuery } from '../schemas/containers.ts';
import { KEY_CODES, KEY_SECURITY, problems } from '../schemas/problem.ts';
import { toWireContainer } from '../views/containers.ts';

/** `/by-label`: containers of engines with a label, for older clients. */
export function byLabelRoutes(
  api: Api,
  { registry, views, checkKey }: Pick<RouteDependencies, 'registry' | 'views' | 'checkKey'>,
): void {
  api.get(
    '/',
    {
      onRequest: checkKey,
      schema: {
        tags: ['engines'],
        summary: 'List the containers of engines with a label',
        description:
          'Only containers of managed engines. The containers are in the shape of `GET /containers/{id}`.',
        security: KEY_SECURITY,
        querystring: LabelQuery,
        response: {
          200: ContainersSchema,
          ...problems('invalid_request', ...KEY_CODES, 'runtime_unavailable'),
        },
      },
    },
    async ({ query: { key, value } }) => {
      registry.assertAvailable();
      const containers = registry.list().map((engine) => toWireContainer(engine, views.labels(engine)));
      return containers.filter(({ labels }) => Object.hasOwn(labels, key) && labels[key] === value);
    },
  );
}
