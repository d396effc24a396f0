import { Type } from 'typebox';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Api } from '../context.ts';

export function metricsRoutes(api: Api, metrics: Metrics): void {
  api.get(
    '/metrics',
    {
      schema: {
        tags: ['probes'],
        summary: 'Figures for Prometheus, from what the process holds: a scrape asks nobody',
        response: {
          200: { description: 'Prometheus text', content: { 'text/plain': { schema: Type.String() } } },
        },
      },
    },
    async (_request, reply) => {
      const text = await metrics.read();
      return reply.type(metrics.contentType).header('Cache-Control', 'no-store').send(text);
    },
  );
}
