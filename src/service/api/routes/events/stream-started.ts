import type { Static } from 'typebox';
import { findEngineByAddress } from '../../../engines/locate.ts';
import type { EngineRegistry } from '../../../engines/registry.ts';
import type { Api } from '../../context.ts';
import type { RouteDependencies } from '../../dependencies.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../../schemas/problem.ts';
import { StreamSchema, StreamStartedBody } from '../../schemas/streams.ts';

const MAX_NAME_LENGTH = 200;

/** `/events/stream_started`: clients report the streams that they start. */
export function streamStartedRoutes(
  api: Api,
  {
    streams,
    registry,
    views,
    checkKey,
  }: Pick<RouteDependencies, 'streams' | 'registry' | 'views' | 'checkKey'>,
): void {
  api.post(
    '/',
    {
      onRequest: checkKey,
      schema: {
        tags: ['streams'],
        summary: 'Report that a stream has started',
        description: 'Idempotent: reporting a stream again that is playing returns it unchanged.',
        security: KEY_SECURITY,
        body: StreamStartedBody,
        response: { 200: StreamSchema, ...problems(...WRITE_CODES) },
      },
    },
    async ({ body }) => {
      const { stream, session } = body;
      const started = streams.start({
        id: body.labels?.stream_id || `${stream.key}|${session.playback_session_id}`,
        keyType: stream.key_type,
        key: stream.key,
        name: body.labels?.['proxy.name']?.trim().slice(0, MAX_NAME_LENGTH) || null,
        engineId: findEngine(registry, body),
        playbackSessionId: session.playback_session_id,
        statUrl: session.stat_url,
        commandUrl: session.command_url,
        isLive: session.is_live === 1,
      });
      return views.stream(started);
    },
  );
}

/**
 * The id of the engine that a report names by its id or by its address, or the reported id if there is none.
 */
function findEngine(registry: EngineRegistry, body: Static<typeof StreamStartedBody>): string | null {
  const { container_id: id, engine } = body;
  if (id && registry.get(id)) return id;
  return findEngineByAddress(registry.list(), engine.host, engine.port)?.id ?? id ?? null;
}
