import { replaceUnmodified } from '../conditional.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';
import { toMs } from '../schemas/since.ts';
import {
  DEFAULT_LIMIT,
  StreamParams,
  StreamSamplesSchema,
  StreamStatsQuery,
  StreamStoppedSchema,
  StreamsQuery,
  StreamsSchema,
} from '../schemas/streams.ts';
import { pageOf, sendJsonInTurns } from '../stream-page.ts';
import { toWireSample } from '../views/streams.ts';

/** `/streams`: the streams that clients have reported. */
export function streamRoutes(
  api: Api,
  dependencies: Pick<
    RouteDependencies,
    'streams' | 'streamSamples' | 'sessions' | 'views' | 'checkKey' | 'log'
  >,
): void {
  const { streams, streamSamples, sessions, views, checkKey, log } = dependencies;
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
      const { status, container_id: engineId, limit = DEFAULT_LIMIT, cursor } = query;
      const matching = streams
        .list()
        .filter((stream) => engineId === undefined || stream.engineId === engineId)
        .filter(({ endedAt }) => status === undefined || (endedAt === null) === (status === 'started'));
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
      // Before the engine is called: the collector must not find the session gone and end the stream itself.
      const ended = streams.end(stream.id, 'stopped') ?? stream;
      const stopped = await sessions.stop(ended).then(
        () => true,
        (err) => {
          log.warn({ err, requestId }, 'stream ended, but its engine may still play it');
          return false;
        },
      );
      const message = stopped ? 'Stream stopped successfully' : 'Stream ended; its engine did not confirm it';
      return { message, stream_id: stream.id, stopped, stream: views.stream(ended) };
    },
  );
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
