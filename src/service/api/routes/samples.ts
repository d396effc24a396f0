import { randomBytes } from 'node:crypto';
import type { TimeSeries } from '../../time-series/time-series.ts';
import { sendIfModified } from '../conditional.ts';
import type { Api } from '../context.ts';
import { problems } from '../schemas/common.ts';
import { DEFAULT_WINDOW_S, SeriesWindowQuery, SeriesWindowSchema } from '../schemas/samples.ts';

/** The figures over time. Nothing is read for it: it shows what was sampled. */
export function sampleRoutes(api: Api, timeSeries: TimeSeries): void {
  /** The points of one run of the service are not those of the next, though there be as many. */
  const run = randomBytes(6).toString('hex');
  api.get(
    '/stats/history',
    {
      schema: {
        tags: ['orchestrator'],
        summary: 'The figures over time, for charts: at most 400 intervals, the finest that reach so far',
        querystring: SeriesWindowQuery,
        response: { 200: SeriesWindowSchema, ...problems('invalid_request') },
      },
    },
    (request, reply) => {
      const windowS = request.query.window_s ?? DEFAULT_WINDOW_S;
      // The same until the next point is noted, and known without making the answer.
      const etag = `W/"${run}-${timeSeries.pointCount}-${windowS}"`;
      sendIfModified(request, reply, etag, () => timeSeries.read(windowS));
    },
  );
}
