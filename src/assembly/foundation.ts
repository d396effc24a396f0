import { Cache, type Clock, createSystemClock } from '../cache/index.ts';
import type { Config } from '../config/config.ts';
import { EventBus } from '../events/events.ts';
import { connectInvalidation } from '../events/invalidation.ts';
import { Notices } from '../events/notices.ts';
import { keepEvents } from '../history/connect.ts';
import { History } from '../history/history.ts';
import type { Report } from '../history/records.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { Dependencies } from './dependencies.ts';

/** Notices remembered for clients that come back after a moment. */
const REMEMBERED_NOTICES = 1000;

export type Foundation = ReturnType<typeof createFoundation>;

/** What everything else rests on: time, events, the cache that they make stale, and what is remembered. */
export function createFoundation(config: Config, dependencies: Dependencies) {
  const { logger: log } = dependencies;
  const clock: Clock = dependencies.clock ?? createSystemClock();
  const metrics = dependencies.metrics ?? new Metrics(clock);
  const bus = new EventBus();
  const cache = new Cache({
    enabled: config.cacheEnabled,
    clock,
    maxEntries: config.cacheMaxEntries,
    maxBytes: config.cacheMaxBytes,
    loadTimeoutS: config.cacheLoadTimeoutS,
    staleIfErrorS: config.cacheStaleIfErrorS,
    watchS: config.cacheKeepWarm ? config.cacheWatchS : 0,
    sweepIntervalS: config.cacheSweepIntervalS,
    onError: (err, key) =>
      log.warn({ err, key }, 'an answer could not be loaded; the last good one stands in'),
    onLoad: metrics.noteLoad,
  });
  // First of all listeners: whoever hears of an event may read at once.
  connectInvalidation(bus, cache);
  const notices = new Notices(bus, REMEMBERED_NOTICES);
  bus.subscribe((event) => log.debug(event, 'event'));
  const report = ({ level, message }: Report) => log[level](message);
  const history = new History({
    dataDir: config.dataDir,
    maxEvents: config.historyMaxEvents,
    maxAgeS: config.historyMaxAgeS,
    report,
  });
  keepEvents(bus, history);
  return { log, clock, metrics, bus, cache, notices, report, history };
}
