import { Cache, type Clock, type LoadingCache } from '../../library/cache/index.ts';
import {
  type RedisLink,
  RedisTimeoutError,
  RedisUnavailableError,
  TieredCache,
} from '../../library/redis/index.ts';
import type { Config } from '../config/config.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Dependencies } from './dependencies.ts';

export type ServiceCaches = ReturnType<typeof createServiceCaches>;

/** The caches of the service, by name. */
export function createServiceCaches(
  config: Config,
  parts: { clock: Clock; metrics: Metrics; log: Dependencies['logger']; link: RedisLink | null },
) {
  const { clock, metrics, log, link } = parts;
  const bounds = { maxEntries: config.cacheMaxEntries, maxBytes: config.cacheMaxBytes };
  const options = {
    enabled: config.cacheEnabled,
    clock,
    ...bounds,
    loadTimeoutS: config.cacheLoadTimeoutS,
    staleIfErrorS: config.cacheStaleIfErrorS,
    refreshAheadS: config.cacheKeepWarm ? config.cacheWatchS : 0,
    sweepIntervalS: config.cacheSweepIntervalS,
    onLoad: metrics.noteLoad,
    onError: (err: unknown, key: string) => {
      // That Redis is away is told as it is lost, not once more by each read that goes without it.
      if (err instanceof RedisUnavailableError) return;
      if (err instanceof RedisTimeoutError) log.warn({ err, key }, 'an answer could not be shared');
      else log.warn({ err, key }, 'an answer could not be loaded; the last good one stands in');
    },
  };
  const { name, value } = config.containerLabel;
  // Switched off, the cache is to ask nobody but the source, and so not Redis either.
  const shared =
    link && config.cacheEnabled
      ? new TieredCache(link, { ...options, namespace: `answers:${name}=${value}` })
      : null;
  return {
    /** Answers to polls, ready to be sent. */
    stats: (shared ?? new Cache(options)) as LoadingCache,
    /** The part of `stats` that other orchestrators share; null where they do not. */
    shared,
    /** What the control servers of VPNs have told: of use to nobody but their own reader. */
    results: new Cache(options),
  };
}
