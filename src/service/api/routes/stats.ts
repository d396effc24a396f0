import { randomBytes } from 'node:crypto';
import { sendIfModified } from '../conditional.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { EngineId } from '../schemas/common.ts';
import { problems } from '../schemas/problem.ts';
import {
  DEFAULT_WINDOW_S,
  EngineSeriesSchema,
  SeriesWindowQuery,
  SeriesWindowSchema,
} from '../schemas/time-series.ts';

/** `/stats`: statistics over time. Reads only samples that are in memory. */
export function statsRoutes(
  api: Api,
  { timeSeries, engineSeries, registry }: Pick<RouteDependencies, 'timeSeries' | 'engineSeries' | 'registry'>,
): void {
  /** Part of the entity tags, because another run of the service has other points under the same number. */
  const run = randomBytes(6).toString('hex');
  api.get(
    '/history',
    {
      schema: {
        tags: ['orchestrator'],
        summary: 'Statistics over time, for charts',
        description: 'Returns at most 400 intervals, of the finest resolution that reaches back far enough.',
        querystring: SeriesWindowQuery,
        response: { 200: SeriesWindowSchema, ...problems('invalid_request') },
      },
    },
    (request, reply) => {
      const { window_s: windowS = DEFAULT_WINDOW_S } = request.query;
      // Changes when a point is added, and is known without building the reply.
      const etag = `W/"${run}-${timeSeries.pointCount}-${windowS}"`;
      sendIfModified(request, reply, etag, () => timeSeries.read(windowS));
    },
  );

  api.get(
    '/history/:id',
    {
      schema: {
        tags: ['orchestrator'],
        summary: 'Usage and streams of one engine over time, for charts',
        description: 'In the intervals of `GET /stats/history`. They end with the engine.',
        params: EngineId,
        querystring: SeriesWindowQuery,
        response: {
          200: EngineSeriesSchema,
          ...problems('invalid_request', 'engine_not_found', 'runtime_unavailable'),
        },
      },
    },
    (request, reply) => {
      const { id } = registry.require(request.params.id);
      const { window_s: windowS = DEFAULT_WINDOW_S } = request.query;
      const etag = `W/"${run}-${id.slice(0, 12)}-${timeSeries.pointCount}-${windowS}"`;
      sendIfModified(request, reply, etag, () => engineSeries.read(id, windowS, Date.now() / 1000));
    },
  );
}
