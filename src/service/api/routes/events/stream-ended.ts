import { RoundhouseError } from '../../../errors.ts';
import type { Api } from '../../context.ts';
import type { RouteDependencies } from '../../dependencies.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../../schemas/problem.ts';
import { StreamEndedBody, StreamEndReportedSchema } from '../../schemas/streams.ts';

/** `/events/stream_ended`: clients report the streams that they end. */
export function streamEndedRoutes(
  api: Api,
  { streams, views, checkKey }: Pick<RouteDependencies, 'streams' | 'views' | 'checkKey'>,
): void {
  api.post(
    '/',
    {
      onRequest: checkKey,
      schema: {
        tags: ['streams'],
        summary: 'Report that a stream has ended',
        description: 'With a `container_id` and no `stream_id`, all streams of that engine end.',
        security: KEY_SECURITY,
        body: StreamEndedBody,
        response: { 200: StreamEndReportedSchema, ...problems(...WRITE_CODES) },
      },
    },
    async ({ body }) => {
      const { stream_id: streamId, container_id: engineId, reason = null } = body;
      if (!streamId && !engineId)
        throw new RoundhouseError('invalid_request', 'Send a `stream_id` or a `container_id`');
      const ids = streamId ? [streamId] : streams.ofEngine(engineId ?? '').map(({ id }) => id);
      const ended = ids.flatMap((id) => streams.end(id, reason) ?? []);
      return { updated: ended.length > 0, stream: ended[0] ? views.stream(ended[0]) : null };
    },
  );
}
