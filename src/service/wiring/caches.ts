import { Cache, type Clock, type LoadingCache } from '../../library/cache/index.ts';
import {
  CorruptValueError,
  type RedisLink,
  RedisTimeoutError,
  RedisUnavailableError,
  TieredCache,
} from '../../library/redis/index.ts';
import type { Config } from '../config/config.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Dependencies } from './dependencies.ts';
import { checkedCodec, shapeOf } from './shared-codec.ts';

/** The caches of the service, by name. */
export type ServiceCaches = ReturnType<typeof createServiceCaches>;

/**
 * Creates the caches. With a link to Redis, `stats` is shared with other orchestrators over the same engines.
 */
export function createServiceCaches(
  config: Config,
  parts: {
    clock: Clock;
    metrics: Metrics;
    log: Dependencies['logger'];
    link: RedisLink | null;
    /** Version of Roundhouse. Others do not read its values in Redis. */
    version: string;
  },
) {
  const { clock, metrics, log, link, version } = parts;
  const bounds = { maxEntries: config.cacheMaxEntries, maxBytes: config.cacheMaxBytes };
  const options = {
    enabled: config.cacheEnabled,
    clock,
    ...bounds,
    loadTimeoutS: config.cacheLoadTimeoutS,
    staleIfErrorS: config.cacheStaleIfErrorS,
    refreshAheadS: config.cacheKeepWarm ? config.cacheRefreshAheadS : 0,
    sweepIntervalS: config.cacheSweepIntervalS,
    onLoad: metrics.recordLoad,
    onError: (err: unknown, key: string) => {
      // Logged once, when the connection is lost, not by every read that does without Redis.
      if (err instanceof RedisUnavailableError) return;
      if (err instanceof RedisTimeoutError) log.warn({ err, key }, 'Redis command timed out');
      else log.warn({ err, key }, 'load failed: serving the last good value');
    },
  };
  const { name, value } = config.containerLabel;
  // With the cache off, every read goes to its source, and so does not use Redis either.
  const shared =
    link && config.cacheEnabled
      ? new TieredCache<unknown>(link, {
          ...options,
          namespace: `answers:${shapeOf(version)}:${name}=${value}`,
          codec: checkedCodec(),
          onError: (err, key) => {
            if (err instanceof CorruptValueError)
              log.warn({ err, key }, 'removed a corrupt value from Redis');
            else options.onError(err, key);
          },
        })
      : null;
  return {
    /** Answers to polls. */
    stats: (shared ?? new Cache(options)) as LoadingCache,
    /** `stats`, if it is shared with other orchestrators over Redis; otherwise null. */
    shared,
    /** Responses of the VPNs' control servers, and answers about browser apps. They are not shared. */
    results: new Cache(options),
  };
}
