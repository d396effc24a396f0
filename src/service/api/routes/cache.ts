import { RoundhouseError } from '../../errors.ts';
import { type Api, allowNoBody } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import {
  CACHE_NAMES,
  type CacheName,
  CacheStatsSchema,
  ClearedSchema,
  ClearRequest,
} from '../schemas/cache.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';
import { toWireCacheStats } from '../views/cache.ts';

/** `/cache`: statistics of the caches, and clearing them. */
export function cacheRoutes(
  api: Api,
  {
    caches,
    clientReads,
    loadTimes,
    checkKey,
  }: Pick<RouteDependencies, 'caches' | 'clientReads' | 'loadTimes' | 'checkKey'>,
): void {
  // What `curl -d` sends unless it is given a content type: a form, or JSON under the name of a form.
  api.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, parseForm);

  api.get(
    '/stats',
    {
      schema: {
        tags: ['cache'],
        summary: 'Entries and counters of the cache',
        description: 'Reading it does not count as a hit or a miss.',
        response: { 200: CacheStatsSchema },
      },
    },
    async (_request, reply) => {
      reply.header('Cache-Control', 'no-store');
      return toWireCacheStats(caches, clientReads.read(), loadTimes.read());
    },
  );

  api.post(
    '/clear',
    {
      onRequest: checkKey,
      preValidation: allowNoBody,
      schema: {
        tags: ['cache'],
        summary: 'Clear all caches, one of them, or the keys that match a pattern',
        description:
          'Without a pattern, the counters are reset too. The body takes precedence over the query.',
        security: KEY_SECURITY,
        body: ClearRequest,
        querystring: ClearRequest,
        response: { 200: ClearedSchema, ...problems(...WRITE_CODES) },
      },
    },
    async ({ body, query }) => {
      const pattern = body.pattern ?? query.pattern;
      const name = body.cache ?? query.cache;
      const names: readonly CacheName[] = name === undefined ? CACHE_NAMES : [name];
      const cleared = names.reduce((sum, each) => sum + caches[each].clear(pattern), 0);
      if (pattern === undefined && name === undefined) {
        loadTimes.reset();
        clientReads.reset();
      }
      return { message: 'Cache cleared successfully', cleared };
    },
  );
}

async function parseForm(_request: unknown, body: string | Buffer): Promise<unknown> {
  const text = String(body).trim();
  if (!text.startsWith('{')) return Object.fromEntries(new URLSearchParams(text));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RoundhouseError('invalid_json', 'The body is not valid JSON', { cause });
  }
}
