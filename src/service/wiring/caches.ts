import {
  Cache,
  type CacheOptions,
  type Clock,
  type LoadingCache,
  type ReadOutcome,
  type SettledLoad,
} from '../../library/cache/index.ts';
import {
  CorruptValueError,
  type RedisLink,
  RedisTimeoutError,
  RedisUnavailableError,
  TieredCache,
} from '../../library/redis/index.ts';
import { isSameAnswer } from '../api/answers.ts';
import type { Config } from '../config/config.ts';
import { includesDebug } from '../log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Dependencies } from './dependencies.ts';
import { LoadLog } from './load-log.ts';
import { checkedCodec, shapeOf } from './shared-codec.ts';

/** The caches of the service, by name. */
export type ServiceCaches = ReturnType<typeof createServiceCaches>;

/** Largest share of the time that loads of one key take with CACHE_ADAPTIVE_TTL. */
const MAX_LOAD_SHARE = 0.1;

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
  const loads = new LoadLog(log);
  const options = {
    enabled: config.cacheEnabled,
    clock,
    ...bounds,
    loadTimeoutS: config.cacheLoadTimeoutS,
    staleIfErrorS: config.cacheStaleIfErrorS,
    refreshAheadS: config.cacheKeepWarm ? config.cacheRefreshAheadS : 0,
    sweepIntervalS: config.cacheSweepIntervalS,
    onLoad: (load: SettledLoad) => {
      metrics.recordLoad(load);
      loads.settled(load);
    },
    onError: (err: unknown, key: string) => {
      // Logged once, when the connection is lost, not by every read that does without Redis.
      if (err instanceof RedisUnavailableError) return;
      if (err instanceof RedisTimeoutError) log.warn({ err, key }, 'Redis command timed out');
      else loads.failed(err, key);
    },
    ...(includesDebug(config.logLevel) && logOperations(log)),
  };
  const adaptiveTtl = config.cacheAdaptiveTtl
    ? { maxTtlS: config.cacheAdaptiveTtlMaxS, maxLoadShare: MAX_LOAD_SHARE, isSame: isSameAnswer }
    : undefined;
  const statsOptions = { ...options, ...(adaptiveTtl && { adaptiveTtl }) };
  const { name, value } = config.containerLabel;
  // With the cache off, every read goes to its source, and so does not use Redis either.
  const shared =
    link && config.cacheEnabled
      ? new TieredCache<unknown>(link, {
          ...statsOptions,
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
    stats: (shared ?? new Cache(statsOptions)) as LoadingCache,
    /** `stats`, if it is shared with other orchestrators over Redis; otherwise null. */
    shared,
    /** Responses of the VPNs' control servers, and answers about browser apps. They are not shared. */
    results: new Cache(options),
    /** How TTLs of `stats` are chosen, or null if they are those of the settings. */
    adaptiveTtl: adaptiveTtl ?? null,
  };
}

/** Hooks that write a line for each operation. Without them, operations do not even look for a level. */
function logOperations(log: Dependencies['logger']): Pick<CacheOptions, 'onRead' | 'onSet' | 'onDelete'> {
  return {
    onRead: (key, outcome, age) => log.debug({ key, age, outcome }, READ_LINES[outcome]),
    onSet: (key, ttl) => log.debug({ key, age: 0, ttl }, 'Cache SET'),
    onDelete: (key, age) => log.debug({ key, age }, 'Cache DELETE'),
  };
}

const READ_LINES: Readonly<Record<ReadOutcome, string>> = {
  hit: 'Cache HIT',
  stale: 'Cache STALE',
  miss: 'Cache MISS',
  collapsed: 'Cache MISS',
  bypass: 'Cache MISS',
};
