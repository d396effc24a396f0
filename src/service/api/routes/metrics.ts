import { Type } from 'typebox';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';

/** `/metrics`: Prometheus metrics. */
export function metricsRoutes(api: Api, { metrics }: Pick<RouteDependencies, 'metrics'>): void {
  api.get(
    '/',
    {
      schema: {
        tags: ['probes'],
        summary: 'Prometheus metrics',
        description: 'Reads only what the process has in memory: a scrape never calls Docker or an engine.',
        response: {
          200: {
            description: 'Prometheus text format',
            content: { 'text/plain': { schema: Type.String() } },
          },
        },
      },
    },
    async (_request, reply) => {
      const text = await metrics.read();
      return reply.type(metrics.contentType).header('Cache-Control', 'no-store').send(text);
    },
  );
}
