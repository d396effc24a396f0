import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  type Caches,
  type CachesOptions,
  openCaches,
  readCacheSettings,
} from '../../../src/library/preset/index.ts';
import type { CacheArguments } from '../../../src/library/preset/settings.ts';
import { startStubServer } from '../../support/http/stub-server.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Timeout for events that normally take milliseconds. */
export const SOON_MS = 20_000;

/** Settings with timeouts that a busy machine does not exceed, independent of the environment. */
export function settingsOf(given: CacheArguments) {
  const timeouts = { redisTimeoutS: 20, redisConnectTimeoutS: 20 };
  return readCacheSettings({ ...timeouts, ...given }, { env: {}, envFile: '/nowhere/.env' });
}

/** Opens caches and waits until they are connected to Redis. */
export async function openConnected(given: CacheArguments, options: CachesOptions = {}): Promise<Caches> {
  const caches = openCaches(settingsOf(given), options);
  await waitUntil('both stores are connected', () => isConnected(caches), SOON_MS);
  return caches;
}

export function isConnected(caches: Caches): boolean {
  const { stores } = caches.stats();
  const all = stores ? [stores.responses, stores.results] : [];
  return all.length > 0 && all.every(({ link, connected }) => link === 'connected' && connected);
}

/** An origin that forbids caching and numbers its responses: `1: /path body`. `/tagged` has an ETag and a max-age. */
export async function startOrigin() {
  const respond: RequestListener = async (request, response) => {
    const number = origin.requests.length;
    const body = await text(request);
    if (request.headers['if-none-match'] === '"same"') {
      response.writeHead(304).end();
      return;
    }
    response.setHeader('cache-control', 'no-store');
    if (request.url === '/tagged') {
      response.setHeader('cache-control', 'max-age=3600');
      response.setHeader('etag', '"same"');
    }
    response.end(`${number}: ${request.url} ${body}`.trimEnd());
  };
  const origin = await startStubServer(respond);
  return Object.assign(origin, { url: `http://127.0.0.1:${origin.port}` });
}

/** Reads the body of a URL through a service. */
export async function read(
  caches: Caches,
  service: string,
  url: string,
  init: RequestInit = {},
  keyByBody = false,
): Promise<string> {
  const response = await caches.fetchFor(service, { keyByBody })(url, init);
  return await response.text();
}
