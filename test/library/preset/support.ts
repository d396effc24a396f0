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

export const SOON_MS = 20_000;

/** Settings that no busy machine fails by, and none of the environment. */
export function settingsOf(given: CacheArguments) {
  const patient = { redisTimeoutS: 20, redisConnectTimeoutS: 20 };
  return readCacheSettings({ ...patient, ...given }, { env: {}, envFile: '/nowhere/.env' });
}

/** Caches that use Redis, and hear each other. */
export async function connected(given: CacheArguments, options: CachesOptions = {}): Promise<Caches> {
  const caches = openCaches(settingsOf(given), options);
  await waitUntil('both tiers are connected', () => isConnected(caches), SOON_MS);
  return caches;
}

export function isConnected(caches: Caches): boolean {
  const { tiers } = caches.stats();
  const all = tiers ? [tiers.responses, tiers.results] : [];
  return all.length > 0 && all.every(({ redis, connected }) => redis === 'closed' && connected);
}

/** An origin that forbids to keep what it says, and numbers its answers: `1: /path body`. */
export async function startOrigin() {
  const answer: RequestListener = async (request, response) => {
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
  const origin = await startStubServer(answer);
  return Object.assign(origin, { url: `http://127.0.0.1:${origin.port}` });
}

/** Reads a URL through a service. */
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
