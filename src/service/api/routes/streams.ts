import pLimit from 'p-limit';
import { RoundhouseError } from '../../errors.ts';
import type { StreamSample } from '../../streams/sample.ts';
import type { Stream } from '../../streams/streams.ts';
import { replaceUnmodified } from '../conditional.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';
import { toMs } from '../schemas/since.ts';
import {
  BatchStopBody,
  BatchStoppedSchema,
  ContentSchema,
  DEFAULT_LIMIT,
  LivePositionSchema,
  StreamParams,
  StreamSamplesSchema,
  StreamStatsQuery,
  StreamStoppedSchema,
  StreamsQuery,
  StreamsSchema,
} from '../schemas/streams.ts';
import { stopStream } from '../stop-stream.ts';
import { pageOf, sendJsonInTurns } from '../stream-page.ts';
import { toWireLivePosition, toWireSample } from '../views/streams.ts';

/** Engines are on the same host: more at once would only wait for each other. */
const MAX_CONCURRENT_STOPS = 32;

/** `/streams`: the streams that clients have reported. */
export function streamRoutes(
  api: Api,
  dependencies: Pick<
    RouteDependencies,
    'streams' | 'streamSamples' | 'sessions' | 'readContent' | 'views' | 'checkKey' | 'log'
  >,
): void {
  const { streams, streamSamples, sessions, readContent, views, checkKey } = dependencies;
  api.get(
    '/',
    {
      onSend: replaceUnmodified,
      schema: {
        tags: ['streams'],
        summary: 'List streams with their latest statistics, newest first',
        description: 'If there are more than `limit`, the `Link` header contains the URL of the next page.',
        querystring: StreamsQuery,
        response: { 200: StreamsSchema, ...problems('invalid_request') },
      },
    },
    async ({ query }, reply) => {
      const { status = 'started', container_id: engineId, limit = DEFAULT_LIMIT, cursor } = query;
      const matching = streams
        .list()
        .filter((stream) => engineId === undefined || stream.engineId === engineId)
        .filter(({ endedAt }) => (endedAt === null) === (status === 'started'));
      const page = pageOf(matching, limit, cursor);
      if (page.next !== null) reply.header('Link', nextPageLink({ ...query, limit, cursor: page.next }));
      return sendJsonInTurns(reply, page.streams, (stream) => views.stream(stream));
    },
  );

  api.get(
    '/:id/stats',
    {
      schema: {
        tags: ['streams'],
        summary: 'Recent samples of a stream, oldest first',
        description: 'Kept for streams that are playing, and for some time after their end.',
        params: StreamParams,
        querystring: StreamStatsQuery,
        response: { 200: StreamSamplesSchema, ...problems('invalid_request', 'stream_not_found') },
      },
    },
    async ({ params, query }) => {
      const { id } = streams.require(params.id);
      const since = query.since === undefined ? undefined : toMs(query.since);
      return streamSamples.history(id, since).map(toWireSample);
    },
  );

  api.delete(
    '/:id',
    {
      onRequest: checkKey,
      schema: {
        tags: ['streams'],
        summary: 'Stop a stream',
        description: 'The stream ends even if its engine does not reply: see `stopped`.',
        security: KEY_SECURITY,
        params: StreamParams,
        response: { 200: StreamStoppedSchema, ...problems(...WRITE_CODES, 'stream_not_found') },
      },
    },
    async ({ params, id: requestId }) => {
      const stream = streams.require(params.id);
      const { ended, stopped, message } = await stopStream(stream, requestId, dependencies);
      return { message, stream_id: stream.id, stopped, stream: views.stream(ended) };
    },
  );

  api.post(
    '/batch-stop',
    {
      onRequest: checkKey,
      schema: {
        tags: ['streams'],
        summary: 'Stop several streams',
        description:
          'The body lists the `command_url` of each stream. A stream that cannot be stopped does not affect the others.',
        security: KEY_SECURITY,
        body: BatchStopBody,
        response: { 200: BatchStoppedSchema, ...problems(...WRITE_CODES) },
      },
    },
    async ({ body, id: requestId }) => {
      const byCommand = new Map(streams.started().map((stream) => [stream.commandUrl, stream]));
      const limit = pLimit(MAX_CONCURRENT_STOPS);
      const stop = async (url: string) => {
        const stream = byCommand.get(url);
        byCommand.delete(url);
        if (!stream)
          return { command_url: url, success: false, message: 'No such stream plays', stream_id: null };
        const { message } = await stopStream(stream, requestId, dependencies);
        return { command_url: url, success: true, message, stream_id: stream.id };
      };
      const results = await Promise.all(body.map((url) => limit(stop, url)));
      const succeeded = results.filter(({ success }) => success).length;
      return {
        total: results.length,
        success_count: succeeded,
        failure_count: results.length - succeeded,
        results,
      };
    },
  );

  api.get(
    '/:id/livepos',
    {
      schema: {
        tags: ['streams'],
        summary: 'Position of a live stream, as its engine reports it',
        description:
          '`has_livepos` is false until the engine has reported a position, and for video on demand.',
        params: StreamParams,
        response: {
          200: LivePositionSchema,
          ...problems('invalid_request', 'stream_not_found', 'stream_unavailable'),
        },
      },
    },
    async ({ params }) => {
      const stream = streams.require(params.id);
      const sample = streamSamples.current(stream.id) ?? (await readNow(stream));
      return toWireLivePosition(stream, sample);
    },
  );

  api.get(
    '/:id/extended-stats',
    {
      schema: {
        tags: ['streams'],
        summary: 'What the engine of a stream says about its content',
        description: 'Fields that the engine does not report are left out.',
        params: StreamParams,
        response: {
          200: ContentSchema,
          ...problems('invalid_request', 'stream_not_found', 'stream_unavailable'),
        },
      },
    },
    async ({ params }) => readContent(streams.require(params.id)),
  );

  async function readNow(stream: Stream): Promise<StreamSample> {
    const sample =
      stream.endedAt === null
        ? await sessions.readSample(stream, new AbortController().signal).catch(() => null)
        : null;
    if (sample) return sample;
    throw new RoundhouseError('stream_unavailable', 'The engine of the stream reports no position');
  }
}

/**
 * The value of a `Link` header. The URL is relative to that of the request, whose path a proxy may have changed.
 * @see https://www.rfc-editor.org/rfc/rfc8288.html
 */
function nextPageLink(query: Record<string, string | number>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
  return `<?${parameters}>; rel="next"`;
}
