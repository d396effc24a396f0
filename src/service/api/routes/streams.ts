import type { FastifyBaseLogger } from 'fastify';
import { Type } from 'typebox';
import type { StreamFigures } from '../../streams/figures.ts';
import type { PlaybackSessions } from '../../streams/sessions.ts';
import type { Streams } from '../../streams/streams.ts';
import { replaceUnmodified } from '../conditional.ts';
import type { Api } from '../context.ts';
import type { KeyCheck } from '../plugins/auth.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../schemas/common.ts';
import { toMs } from '../schemas/since.ts';
import {
  StreamParams,
  StreamSampleSchema,
  StreamSchema,
  StreamStatsQuery,
  StreamStoppedSchema,
  StreamsQuery,
} from '../schemas/streams.ts';
import { type EngineViews, toWireSample } from '../views.ts';

export interface StreamRoutesParts {
  streams: Streams;
  figures: StreamFigures;
  sessions: PlaybackSessions;
  views: EngineViews;
  checkKey: KeyCheck;
  log: FastifyBaseLogger;
}

export function streamRoutes(
  api: Api,
  { streams, figures, sessions, views, checkKey, log }: StreamRoutesParts,
): void {
  api.get(
    '/streams',
    {
      onSend: replaceUnmodified,
      schema: {
        tags: ['streams'],
        summary: 'Streams with their latest figures, newest first',
        querystring: StreamsQuery,
        response: { 200: Type.Array(StreamSchema), ...problems('invalid_request') },
      },
    },
    async ({ query }) =>
      streams
        .list()
        .filter(({ engineId }) => query.container_id === undefined || engineId === query.container_id)
        .map((stream) => views.stream(stream))
        .filter(({ status }) => query.status === undefined || status === query.status),
  );

  api.get(
    '/streams/:id/stats',
    {
      schema: {
        tags: ['streams'],
        summary: 'The last samples of a stream, oldest first',
        params: StreamParams,
        querystring: StreamStatsQuery,
        response: {
          200: Type.Array(StreamSampleSchema),
          ...problems('invalid_request', 'stream_not_found'),
        },
      },
    },
    async ({ params, query }) => {
      const { id } = streams.require(params.id);
      const since = query.since === undefined ? undefined : toMs(query.since);
      return figures.history(id, since).map(toWireSample);
    },
  );

  api.delete(
    '/streams/:id',
    {
      onRequest: checkKey,
      schema: {
        tags: ['streams'],
        summary: 'Stop a stream at its engine; it has ended even where the engine does not answer',
        security: KEY_SECURITY,
        params: StreamParams,
        response: {
          200: StreamStoppedSchema,
          ...problems(...WRITE_CODES, 'stream_not_found'),
        },
      },
    },
    async ({ params, id: requestId }) => {
      const stream = streams.require(params.id);
      // First of all, so that it is not taken for one whose session has gone by itself.
      const ended = streams.end(stream.id, 'stopped') ?? stream;
      const stopped = await sessions.stop(ended).then(
        () => true,
        (err) => {
          log.warn({ err, requestId }, 'a stream has been ended that its engine may still play');
          return false;
        },
      );
      const message = stopped ? 'Stream stopped successfully' : 'Stream ended; its engine did not confirm it';
      return { message, stream_id: stream.id, stopped, stream: views.stream(ended) };
    },
  );
}
