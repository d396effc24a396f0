import { type Static, Type } from 'typebox';
import type { EngineRegistry } from '../../engines/registry.ts';
import { RoundhouseError } from '../../errors.ts';
import type { Streams } from '../../streams/streams.ts';
import type { Api } from '../context.ts';
import type { KeyCheck } from '../plugins/auth.ts';
import { KEY_NEEDED, problems, writeProblems } from '../schemas/common.ts';
import { StreamEndedBody, StreamSchema, StreamStartedBody, StreamsQuery } from '../schemas/streams.ts';
import { toWireStream } from '../views.ts';

export function streamRoutes(
  api: Api,
  { streams, registry, checkKey }: { streams: Streams; registry: EngineRegistry; checkKey: KeyCheck },
): void {
  api.get(
    '/streams',
    {
      schema: {
        tags: ['streams'],
        summary: 'Streams, newest first',
        querystring: StreamsQuery,
        response: { 200: Type.Array(StreamSchema), ...problems('invalid_request') },
      },
    },
    async ({ query }) =>
      streams
        .list()
        .map(toWireStream)
        .filter(({ status }) => query.status === undefined || status === query.status)
        .filter(
          ({ container_id }) => query.container_id === undefined || container_id === query.container_id,
        ),
  );

  api.post(
    '/events/stream_started',
    {
      onRequest: checkKey,
      schema: {
        tags: ['streams'],
        summary: 'A stream has started; saying so again changes nothing',
        security: KEY_NEEDED,
        body: StreamStartedBody,
        response: { 200: StreamSchema, ...writeProblems() },
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
      return toWireStream(started);
    },
  );

  api.post(
    '/events/stream_ended',
    {
      onRequest: checkKey,
      schema: {
        tags: ['streams'],
        summary: 'A stream has ended; without a stream id, all streams of the engine have',
        security: KEY_NEEDED,
        body: StreamEndedBody,
        response: {
          200: Type.Object({ updated: Type.Boolean(), stream: Type.Union([StreamSchema, Type.Null()]) }),
          ...writeProblems(),
        },
      },
    },
    async ({ body }) => {
      const { stream_id: streamId, container_id: engineId } = body;
      if (!streamId && !engineId)
        throw new RoundhouseError('invalid_request', 'Name a stream_id or a container_id');
      const ids = streamId ? [streamId] : streams.ofEngine(engineId ?? '').map(({ id }) => id);
      const ended = ids.flatMap((id) => streams.end(id) ?? []);
      return { updated: ended.length > 0, stream: ended[0] ? toWireStream(ended[0]) : null };
    },
  );
}

/** The engine that a report names by id, or by where it was reached. */
function findEngine(registry: EngineRegistry, body: Static<typeof StreamStartedBody>): string | null {
  const { container_id: id, engine } = body;
  if (id && registry.get(id)) return id;
  const known = registry
    .list()
    .find(({ host, ports }) => host === engine.host && ports.hostHttp === engine.port);
  return known?.id ?? id ?? null;
}
