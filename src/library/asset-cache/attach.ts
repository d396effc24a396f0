import { matchGlob } from '../util/glob.ts';
import type { Asset } from './asset.ts';
import type { FetchAsset, ResponseLike } from './response.ts';

/** The part of a Playwright `BrowserContext` or `Page` that is used. */
export interface RoutableContext {
  route(url: (url: URL) => boolean, handler: (route: RoutedRequest) => Promise<void>): Promise<unknown>;
  unroute(url: (url: URL) => boolean): Promise<unknown>;
}

/** The part of a Playwright `Route` that is used. */
export interface RoutedRequest {
  request(): { url(): string; method(): string; headers(): Record<string, string> };
  fetch(options?: { headers?: Record<string, string> }): Promise<ResponseLike>;
  fulfill(response: { status: number; headers: Record<string, string>; body: Buffer }): Promise<void>;
  continue(): Promise<void>;
}

/** Options of {@link AssetCache.attach}. */
export interface AttachOptions {
  /** URLs that are answered: a glob over the whole URL, a RegExp or a function. Default `*main.dart.js*`. */
  match?: string | RegExp | ((url: URL) => boolean);
}

/** Fields of requests whose responses are not for everyone, or are not whole. */
const NOT_SHARED = ['authorization', 'range'];
/** Validators of the browser; those of the cache take their place. */
const CONDITIONAL = ['if-none-match', 'if-modified-since'];

/** What answers requests: {@link AssetCache}. */
interface Answers {
  getOrFetch(url: string, fetch: FetchAsset): Promise<Asset>;
}

/** Implements {@link AssetCache.attach}. */
export async function attachTo(
  cache: Answers,
  context: RoutableContext,
  { match = '*main.dart.js*' }: AttachOptions,
): Promise<() => Promise<void>> {
  // Only what matches is routed; the other requests do not reach this process.
  const matches = (url: URL) => /^https?:$/.test(url.protocol) && isMatch(url, match);
  await context.route(matches, (route) => handle(cache, route));
  return async () => {
    await context.unroute(matches);
  };
}

function isMatch(url: URL, match: NonNullable<AttachOptions['match']>): boolean {
  if (typeof match === 'function') return match(url);
  if (typeof match === 'string') return matchGlob(match, url.href);
  return new RegExp(match.source, match.flags.replaceAll(/[gy]/g, '')).test(url.href);
}

/** Answers a request. Never rejects: a rejection in a handler of Playwright ends the process. */
async function handle(cache: Answers, route: RoutedRequest): Promise<void> {
  try {
    const request = route.request();
    const fields = request.headers();
    if (request.method() !== 'GET' || NOT_SHARED.some((name) => fields[name] !== undefined)) {
      await route.continue();
      return;
    }
    const [body, { status, headers }] = await cache.getOrFetch(request.url(), (_, { headers: conditional }) =>
      route.fetch({ headers: { ...withoutValidators(fields), ...conditional } }),
    );
    const allowed = headers['access-control-allow-origin'];
    const isForOther =
      allowed !== undefined && allowed !== '*' && fields.origin !== undefined && allowed !== fields.origin;
    if (isForOther) await route.continue();
    else await route.fulfill({ status, headers: { ...headers }, body });
  } catch {
    // The page may be gone, or the origin unreachable: the browser then reports its own error.
    await route.continue().catch(() => {});
  }
}

function withoutValidators(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !CONDITIONAL.includes(name)));
}
