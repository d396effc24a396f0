import { type Caches, type CachesOptions, openCaches } from './open.ts';
import { type CacheSettings, readCacheSettings } from './settings.ts';

interface Shared {
  readonly caches: Caches;
  /** The handles that have not been closed. */
  readonly onErrors: Map<symbol, CachesOptions['onError']>;
}

/** By prefix and settings. */
const open = new Map<string, Shared>();

/**
 * Like {@link openCaches}, for the parts of a program that each open and close caches, such as modules that do not know
 * each other: calls with the same settings and prefix return the same caches, which connect to Redis once. They are
 * closed when each caller has closed what it got. `onError` of each of these callers is called.
 * @throws ConfigError if no settings are given and those in the environment are invalid
 */
export function sharedCaches(
  settings: CacheSettings = readCacheSettings(),
  { prefix = 'roundhouse', onError }: Pick<CachesOptions, 'prefix' | 'onError'> = {},
): Caches {
  const id = JSON.stringify([prefix, settings]);
  const shared = open.get(id) ?? openShared(id, settings, prefix);
  const handle = Symbol('handle');
  shared.onErrors.set(handle, onError);
  const { caches, onErrors } = shared;
  const close = async () => {
    if (!onErrors.delete(handle) || onErrors.size > 0) return;
    open.delete(id);
    await caches.close();
  };
  return {
    fetchFor: (service, options) => caches.fetchFor(service, options),
    interceptorFor: (service, options) => caches.interceptorFor(service, options),
    cachedResult: (fn, options) => caches.cachedResult(fn, options),
    stats: () => caches.stats(),
    clear: () => caches.clear(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function openShared(id: string, settings: CacheSettings, prefix: string): Shared {
  const onErrors: Shared['onErrors'] = new Map();
  const onError = (error: unknown, subject: string) => {
    for (const report of onErrors.values()) report?.(error, subject);
  };
  const shared = { caches: openCaches(settings, { prefix, onError }), onErrors };
  open.set(id, shared);
  return shared;
}
