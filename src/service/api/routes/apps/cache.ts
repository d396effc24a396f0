import { randomBytes } from 'node:crypto';
import { namespaceOf } from '../../../browser/apps/app-key.ts';
import { sendIfModified } from '../../conditional.ts';
import type { Api } from '../../context.ts';
import type { RouteDependencies } from '../../dependencies.ts';
import {
  AppCacheSchema,
  AppParams,
  AppSeriesSchema,
  ClearedSchema,
  ClearQuery,
  EntriesQuery,
  EntriesSchema,
  ExplainQuery,
  ExplanationSchema,
  MissesSchema,
  WarmBody,
  WarmedSchema,
} from '../../schemas/apps.ts';
import { KEY_CODES, KEY_SECURITY, problems, WRITE_CODES } from '../../schemas/problem.ts';
import { DEFAULT_WINDOW_S, SeriesWindowQuery } from '../../schemas/time-series.ts';
import { toWireEntries, toWireExplanation } from '../../views/apps.ts';

const DEFAULT_LIMIT = 100;

/** `/apps/{workspace}/{app}/cache`: what the cache of an app contains, and what it has done. */
export function appCacheRoutes(
  api: Api,
  {
    browserApps,
    appAnswers,
    appSeries,
    cachedReply,
    checkKey,
  }: Pick<RouteDependencies, 'browserApps' | 'appAnswers' | 'appSeries' | 'cachedReply' | 'checkKey'>,
): void {
  const { caches } = browserApps;
  const common = { tags: ['apps'], security: KEY_SECURITY, params: AppParams };
  const codes = ['app_not_found', 'app_cache_unavailable'] as const;
  const reads = problems('invalid_request', ...KEY_CODES, ...codes, 'timeout');
  const writes = problems(...WRITE_CODES, ...codes);
  api.addHook('onRequest', checkKey);

  api.get(
    '/',
    {
      schema: {
        ...common,
        summary: "Figures of an app's cache",
        description:
          'What the cache contains, and requests and bytes since the start of the service: in total, by rule, host and media type.',
        response: { 200: AppCacheSchema, ...reads },
      },
    },
    (request, reply) => {
      const { workspace, app: appId } = request.params;
      browserApps.apps.require({ workspace, appId });
      return cachedReply(request, reply, appAnswers.cache({ workspace, appId }));
    },
  );

  /** Part of the entity tags, because another run of the service has other samples under the same number. */
  const run = randomBytes(6).toString('hex');
  api.get(
    '/history',
    {
      schema: {
        ...common,
        summary: 'Requests and bytes of an app over time, for charts',
        description: 'Since the start of the service, sampled every HISTORY_SAMPLE_INTERVAL_S.',
        querystring: SeriesWindowQuery,
        response: { 200: AppSeriesSchema, ...reads },
      },
    },
    (request, reply) => {
      const { workspace, app: appId } = request.params;
      browserApps.apps.require({ workspace, appId });
      const { window_s: windowS = DEFAULT_WINDOW_S } = request.query;
      const namespace = namespaceOf({ workspace, appId });
      const etag = `W/"${run}-${appSeries.sampleCount}-${windowS}"`;
      sendIfModified(request, reply, etag, () => appSeries.read(namespace, windowS));
    },
  );

  api.get(
    '/entries',
    {
      schema: {
        ...common,
        summary: 'List stored responses, a page at a time',
        description:
          'Without `sort`, each response is listed once. With `sort=hits`, one may be missing or listed twice if its hits change between two pages.',
        querystring: EntriesQuery,
        response: { 200: EntriesSchema, ...reads },
      },
    },
    async ({ params: { workspace, app: appId }, query }) => {
      const { match, cursor, sort, limit = DEFAULT_LIMIT } = query;
      const options = {
        limit,
        ...(match !== undefined && { match }),
        ...(sort !== undefined && { sort }),
        ...(cursor !== undefined && { cursor }),
      };
      return toWireEntries(await caches.entries({ workspace, appId }, options));
    },
  );

  api.get(
    '/explain',
    {
      schema: {
        ...common,
        summary: 'Which rule applies to a URL, and the result of its latest request',
        description:
          'The latest request is that of the latest session. It explains why a response came from the cache or did not, and why it was not stored.',
        querystring: ExplainQuery,
        response: { 200: ExplanationSchema, ...reads },
      },
    },
    async ({ params: { workspace, app: appId }, query: { url } }) =>
      toWireExplanation(await caches.explain({ workspace, appId }, url)),
  );

  api.delete(
    '/',
    {
      schema: {
        ...common,
        summary: 'Remove stored responses: all, or those whose URL matches a pattern',
        description:
          'The HTTP caches of running sessions are cleared too, and so are the caches of other orchestrators over the same Redis.',
        querystring: ClearQuery,
        response: { 200: ClearedSchema, ...writes, ...problems('cluster_unavailable') },
      },
    },
    async ({ params: { workspace, app: appId }, query: { match } }) => {
      const { deletedEntries, pending } = await browserApps.clearAppCache(workspace, appId, match);
      return { deleted_entries: deletedEntries, pending_orchestrators: pending };
    },
  );

  api.post(
    '/warm',
    {
      schema: {
        ...common,
        summary: 'Request URLs, so that their responses are stored',
        description: 'A rule of the app must select each URL. Private hosts are refused as in sessions.',
        body: WarmBody,
        response: { 200: WarmedSchema, ...writes },
      },
    },
    async ({ params: { workspace, app: appId }, body: { urls } }) => ({
      requested: urls.length,
      failed: await caches.warm({ workspace, appId }, urls),
    }),
  );

  api.get(
    '/misses',
    {
      schema: {
        ...common,
        summary: 'URLs that were missing in sessions in the mode `offline`',
        description:
          'These are the URLs to warm or to add to `cache_routes` before the app can start without its servers.',
        response: { 200: MissesSchema, ...reads },
      },
    },
    async ({ params: { workspace, app: appId } }) => ({ urls: caches.misses({ workspace, appId }) }),
  );
}
