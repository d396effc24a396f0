import { type Static, Type } from 'typebox';
import { findEngineByAddress } from '../../engines/locate.ts';
import type { EngineRegistry } from '../../engines/registry.ts';
import { RoundhouseError } from '../../errors.ts';
import type { Streams } from '../../streams/streams.ts';
import type { Api } from '../context.ts';
import type { KeyCheck } from '../plugins/auth.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../schemas/common.ts';
import { StreamEndedBody, StreamSchema, StreamStartedBody } from '../schemas/streams.ts';
import type { EngineViews } from '../views.ts';

export interface StreamEventRoutesParts {
  streams: Streams;
  registry: EngineRegistry;
  views: EngineViews;
  checkKey: KeyCheck;
}

/** What clients report of the streams they play. */
export function streamEventRoutes(api: Api, { streams, registry, views, checkKey }: StreamEventRoutesParts) {
  api.post(
    '/events/stream_started',
    {
      onRequest: checkKey,
      schema: {
        tags: ['streams'],
        summary: 'A stream has started; saying so again changes nothing',
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
        engineId: findEngine(registry, body),
        playbackSessionId: session.playback_session_id,
        statUrl: session.stat_url,
        commandUrl: session.command_url,
        isLive: session.is_live === 1,
      });
      return views.stream(started);
    },
  );

  api.post(
    '/events/stream_ended',
    {
      onRequest: checkKey,
      schema: {
        tags: ['streams'],
        summary: 'A stream has ended; without a stream id, all streams of the engine have',
        security: KEY_SECURITY,
        body: StreamEndedBody,
        response: {
          200: Type.Object({ updated: Type.Boolean(), stream: Type.Union([StreamSchema, Type.Null()]) }),
          ...problems(...WRITE_CODES),
        },
      },
    },
    async ({ body }) => {
      const { stream_id: streamId, container_id: engineId, reason = null } = body;
      if (!streamId && !engineId)
        throw new RoundhouseError('invalid_request', 'Name a stream_id or a container_id');
      const ids = streamId ? [streamId] : streams.ofEngine(engineId ?? '').map(({ id }) => id);
      const ended = ids.flatMap((id) => streams.end(id, reason) ?? []);
      return { updated: ended.length > 0, stream: ended[0] ? views.stream(ended[0]) : null };
    },
  );
}

/** The engine that a report names by id, or by where it was reached. */
function findEngine(registry: EngineRegistry, body: Static<typeof StreamStartedBody>): string | null {
  const { container_id: id, engine } = body;
  if (id && registry.get(id)) return id;
  return findEngineByAddress(registry.list(), engine.host, engine.port)?.id ?? id ?? null;
}
